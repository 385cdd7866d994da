/**
 * People who can log in.
 *
 * @module
 */
import { textFault } from "../source/key-spelling.ts";
import type { Role } from "./permission.ts";

export const MOST_USERNAME_CHARACTERS = 64;

/** Instants are Unix milliseconds. */
export interface User {
  readonly id: number;
  readonly username: string;
  readonly role: Role;
  readonly isActive: boolean;
  readonly createdAt: number;
  /** `undefined`: as it was made. */
  readonly updatedAt: number | undefined;
}

/** What may be changed of a user; what is `undefined` stays. */
export interface UserChange {
  readonly role?: Role | undefined;
  readonly isActive?: boolean | undefined;
  readonly passwordHash?: string | undefined;
}

/**
 * The one spelling of a username (NFC), `undefined` for what can't be one: 1 to 64
 * characters, no control, no blank at either end. Case tells names apart.
 *
 * @example Both spellings of an accented letter are one name
 * ```ts
 * import { usernameFrom } from "./user.ts";
 *
 * usernameFrom("Ren\u0065\u0301") === "Ren\u00e9"; // => true
 * usernameFrom(" mia"); // => undefined
 * ```
 */
export function usernameFrom(text: string): string | undefined {
  if (textFault(text) !== undefined) return undefined;
  const name = text.normalize("NFC");
  const characters = [...name].length;
  const fits = characters >= 1 && characters <= MOST_USERNAME_CHARACTERS;
  return fits && name === name.trim() ? name : undefined;
}

/**
 * Whether no active admin would be left if `user` became as `change` says, or were deleted
 * (`change` is `"delete"`). `admins` are the ids of all active admins.
 */
export function leavesNoAdmin(
  admins: readonly number[],
  user: User,
  change: UserChange | "delete",
): boolean {
  if (admins.some((id) => id !== user.id) || !admins.includes(user.id)) return false;
  if (change === "delete") return true;
  return (change.role ?? user.role) !== "admin" || !(change.isActive ?? user.isActive);
}

/** Whether `change` must end every session of its user: what was proven no longer holds. */
export function endsSessions({ isActive, passwordHash }: UserChange): boolean {
  return passwordHash !== undefined || isActive === false;
}
