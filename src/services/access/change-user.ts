/**
 * Changes a user's role, password, or whether the user may log in.
 *
 * A role holds from the next call on, whoever is logged in: a session is looked at together
 * with its user. Another password, and being put out of use, end all of the user's sessions.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import { passwordFault } from "../../domain/access/password.ts";
import type { Role } from "../../domain/access/permission.ts";
import {
  endsSessions,
  leavesNoAdmin,
  type UserChange,
} from "../../domain/access/user.ts";
import { Audit } from "../audit/audit.ts";
import { LastAdmin, UserNotFound } from "./errors.ts";
import { Invalid } from "../errors.ts";
import { Transaction } from "../transaction.ts";
import { PasswordHasher } from "./password-hasher.ts";
import { readUser } from "./read-user.ts";
import { SessionStore } from "./session-store.ts";
import { UserStore } from "./user-store.ts";

/** What is `undefined` stays. */
export interface UserPatch {
  readonly role: Role | undefined;
  readonly isActive: boolean | undefined;
  readonly password: string | undefined;
}

export const changeUser = Effect.fn("changeUser")(function* (
  userId: string,
  { role, isActive, password }: UserPatch,
) {
  const { together } = yield* Transaction;
  const hasher = yield* PasswordHasher;
  const { id, username } = yield* readUser(userId);
  const fault = password === undefined ? undefined : passwordFault(password, username);
  if (fault !== undefined) {
    return yield* new Invalid({ problems: [{ field: "password", message: fault }] });
  }
  // Before any row is taken: hashing is slow.
  const passwordHash = password === undefined ? undefined : yield* hasher.hash(password);
  return yield* together("changeUser", applyChange(id, { role, isActive, passwordHash }));
});

const applyChange = Effect.fnUntraced(function* (id: number, change: UserChange) {
  const users = yield* UserStore;
  const sessions = yield* SessionStore;
  const audit = yield* Audit;

  const admins = yield* users.lockAdmins;
  const user = yield* users.lock(id);
  if (user === undefined) return yield* new UserNotFound({ userId: String(id) });
  if (leavesNoAdmin(admins, user, change)) return yield* new LastAdmin(user);
  const changed = yield* users.update(id, change);
  if (endsSessions(change)) yield* sessions.endAllOf(id);

  const { role, isActive, passwordHash } = change;
  const details = {
    username: user.username,
    ...(role === undefined ? {} : { role }),
    ...(isActive === undefined ? {} : { is_active: isActive }),
    ...(passwordHash === undefined ? {} : { password: "changed" }),
  };
  yield* audit.record({ action: "user.change", target: `user:${id}`, details });
  return changed;
});
