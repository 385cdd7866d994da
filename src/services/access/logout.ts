/**
 * Ends a session, or all sessions of its user.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import type { Session } from "../../domain/access/session.ts";
import { Audit } from "../audit/audit.ts";
import { Transaction } from "../transaction.ts";
import { SessionStore } from "./session-store.ts";

/** Gives how many sessions it ended. */
export const logout = Effect.fn("logout")(function* (
  { hash, user }: Session,
  everywhere: boolean,
) {
  const { together } = yield* Transaction;
  const sessions = yield* SessionStore;
  const audit = yield* Audit;
  const end = Effect.gen(function* () {
    const ended = yield* everywhere ? sessions.endAllOf(user.id) : sessions.end(hash);
    const details = { username: user.username, everywhere, ended };
    yield* audit.record({ action: "session.end", target: `user:${user.id}`, details });
    return ended;
  });
  return yield* together("logout", end);
});
