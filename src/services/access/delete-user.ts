/**
 * Deletes a user, and ends the user's sessions.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import { leavesNoAdmin } from "../../domain/access/user.ts";
import { Audit } from "../audit/audit.ts";
import { LastAdmin, UserNotFound } from "./errors.ts";
import { Transaction } from "../transaction.ts";
import { userIdIn } from "./read-user.ts";
import { UserStore } from "./user-store.ts";

export const deleteUser = Effect.fn("deleteUser")(function* (userId: string) {
  const { together } = yield* Transaction;
  yield* together("deleteUser", removeUser(yield* userIdIn(userId)));
});

const removeUser = Effect.fnUntraced(function* (id: number) {
  const users = yield* UserStore;
  const audit = yield* Audit;
  const admins = yield* users.lockAdmins;
  const user = yield* users.lock(id);
  if (user === undefined) return yield* new UserNotFound({ userId: String(id) });
  if (leavesNoAdmin(admins, user, "delete")) return yield* new LastAdmin(user);
  yield* users.remove(id);
  const { username, role } = user;
  const details = { username, role };
  yield* audit.record({ action: "user.delete", target: `user:${id}`, details });
});
