/**
 * Who may do what.
 *
 * @module
 */

export type Role = "admin" | "user" | "guest";

export type Permission = "view" | "update" | "admin";

/** What a route asks of its caller; `login`: any valid credential. */
export type Needs = "nothing" | "login" | Permission;

const granted: Readonly<Record<Role, readonly Permission[]>> = {
  admin: ["view", "update", "admin"],
  user: ["view", "update"],
  guest: ["view"],
};

/** Whether `role` has what is needed. */
export function permits(role: Role, needs: Needs): boolean {
  if (needs === "nothing" || needs === "login") return true;
  return granted[role].includes(needs);
}
