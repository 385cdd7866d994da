/**
 * Changes the password of whoever is logged in.
 *
 * The password of before is asked for once more: a session that somebody got hold of must
 * not be enough. All other sessions of the user end.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import { passwordFault, samePassword } from "../../domain/access/password.ts";
import type { Session } from "../../domain/access/session.ts";
import type { IpAddress } from "../../domain/source/ip-address.ts";
import { Audit } from "../audit/audit.ts";
import { InvalidCredentials } from "./errors.ts";
import { Invalid } from "../errors.ts";
import { Transaction } from "../transaction.ts";
import { LoginRoom } from "./login-room.ts";
import { LoginThrottle } from "./login-throttle.ts";
import { PasswordHasher } from "./password-hasher.ts";
import { SessionStore } from "./session-store.ts";
import { type StoredUser, UserStore } from "./user-store.ts";

export interface PasswordChange {
  readonly current: string;
  readonly wanted: string;
  readonly address: IpAddress | undefined;
}

export const changePassword = Effect.fn("changePassword")(function* (
  session: Session,
  change: PasswordChange,
) {
  const { username } = session.user;
  const { current, wanted, address } = change;
  const fault =
    passwordFault(wanted, username) ??
    (samePassword(wanted, current) ? "Must not be the current password" : undefined);
  if (fault !== undefined) {
    return yield* new Invalid({ problems: [{ field: "new_password", message: fault }] });
  }
  const room = yield* LoginRoom;
  yield* room.within(address, changeChecked(session, change));
});

const changeChecked = Effect.fnUntraced(function* (
  { user: { username }, hash }: Session,
  { current, wanted, address }: PasswordChange,
) {
  const { together } = yield* Transaction;
  const hasher = yield* PasswordHasher;
  const throttle = yield* LoginThrottle;
  const users = yield* UserStore;

  const trier = { username, address };
  yield* throttle.admit(trier);
  const user = yield* users.findByName(username);
  const { matches } = yield* hasher.verify(current, user?.passwordHash);
  if (user === undefined || !matches) return yield* new InvalidCredentials();
  yield* throttle.forget(trier);
  const passwordHash = yield* hasher.hash(wanted);
  yield* together("changePassword", replace(user, passwordHash, hash));
});

const replace = Effect.fnUntraced(function* (
  { id, username, passwordHash: before }: StoredUser,
  passwordHash: string,
  session: Uint8Array,
) {
  const users = yield* UserStore;
  const sessions = yield* SessionStore;
  const audit = yield* Audit;
  const user = yield* users.lock(id);
  // Somebody else has changed it meanwhile.
  if (user?.passwordHash !== before) return yield* new InvalidCredentials();
  yield* users.update(id, { passwordHash });
  yield* sessions.endAllOf(id, session);
  const details = { username };
  yield* audit.record({ action: "password.change", target: `user:${id}`, details });
});
