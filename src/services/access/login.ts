/**
 * Logs a user in: opens a session for whoever knows the password.
 *
 * A name that nobody has takes the same answer and the same time as a wrong password. That
 * an account is not active is told to those alone who know its password.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import type { Trier } from "../../domain/access/login-throttle.ts";
import { isSessionValue, sessionValueFrom } from "../../domain/access/session.ts";
import { sessionCookieIn } from "../../domain/access/session-cookie.ts";
import { tokenHash } from "../../domain/access/token.ts";
import { usernameFrom } from "../../domain/access/user.ts";
import { AccountDisabled, InvalidCredentials } from "./errors.ts";
import { Transaction } from "../transaction.ts";
import { LoginRoom } from "./login-room.ts";
import { LoginThrottle } from "./login-throttle.ts";
import { PasswordHasher } from "./password-hasher.ts";
import { Randomness } from "./randomness.ts";
import { SessionStore } from "./session-store.ts";
import { type StoredUser, UserStore } from "./user-store.ts";

export interface LoginTry extends Trier {
  readonly password: string;
  /** The `Cookie` header: the session it names ends, for the new one takes its place. */
  readonly cookie: string | undefined;
}

/** Gives the user, and the value of the new session. */
export const login = Effect.fn("login")(function* (attempt: LoginTry) {
  const room = yield* LoginRoom;
  return yield* room.within(attempt.address, tryToLogin(attempt));
});

const tryToLogin = Effect.fnUntraced(function* (attempt: LoginTry) {
  const throttle = yield* LoginThrottle;
  const trier = { ...attempt, username: attempt.username.normalize("NFC") };
  yield* throttle.admit(trier);
  // A second look, for the user may be changed while the password is checked.
  const opened = (yield* tryOnce(attempt)) ?? (yield* tryOnce(attempt));
  if (opened === undefined) return yield* new InvalidCredentials();
  yield* throttle.forget(trier);
  return opened;
});

/** Gives `undefined` where the user was changed meanwhile. */
const tryOnce = Effect.fnUntraced(function* ({ username, password, cookie }: LoginTry) {
  const { together } = yield* Transaction;
  const hasher = yield* PasswordHasher;
  const random = yield* Randomness;

  const user = yield* userNamed(username);
  const verdict = yield* hasher.verify(password, user?.passwordHash);
  if (user === undefined || !verdict.matches) return yield* new InvalidCredentials();
  if (!user.isActive) return yield* new AccountDisabled();
  const rehashed = verdict.isOutdated ? yield* hasher.hash(password) : undefined;

  const value = sessionValueFrom(random.bytes(32));
  const session = { user, rehashed, hash: tokenHash(value), cookie };
  const opened = yield* together("login", openSession(session));
  return opened ? { user, value } : undefined;
});

const userNamed = Effect.fnUntraced(function* (text: string) {
  const store = yield* UserStore;
  const username = usernameFrom(text);
  return username === undefined ? undefined : yield* store.findByName(username);
});

const openSession = Effect.fnUntraced(function* (opening: {
  readonly user: StoredUser;
  /** The same password by the parameters of today. */
  readonly rehashed: string | undefined;
  readonly hash: Uint8Array;
  readonly cookie: string | undefined;
}) {
  const users = yield* UserStore;
  const sessions = yield* SessionStore;
  const { user, rehashed, hash } = opening;
  if (rehashed !== undefined) {
    yield* users.rehash(user.id, user.passwordHash, rehashed);
  }
  const passwordHash = rehashed ?? user.passwordHash;
  const opened = yield* sessions.open({ hash, userId: user.id, passwordHash });
  const before = sessionCookieIn(opening.cookie);
  if (opened && before !== undefined && isSessionValue(before)) {
    yield* sessions.end(tokenHash(before));
  }
  return opened;
});
