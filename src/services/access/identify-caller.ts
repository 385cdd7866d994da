/**
 * Finds out who is calling.
 *
 * A header that claims to hold a token decides alone; the session's cookie is looked at
 * where there is none. A session is looked up in the store at each call.
 *
 * @module
 */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import type { Caller } from "../../domain/access/caller.ts";
import { claimsToken, credentialsIn } from "../../domain/access/credentials.ts";
import {
  isInForce,
  isSessionValue,
  isToBeNoted,
  type Session,
} from "../../domain/access/session.ts";
import { sessionCookieIn } from "../../domain/access/session-cookie.ts";
import { tokenHash } from "../../domain/access/token.ts";
import { NotAuthenticated } from "./errors.ts";
import { Malformed } from "../errors.ts";
import { SessionStore } from "./session-store.ts";
import { TokenDirectory } from "./token-directory.ts";

/** The headers that say who is calling, as they came. */
export interface CallerHeaders {
  readonly authorization: string | undefined;
  readonly apiKey: string | undefined;
  readonly cookie: string | undefined;
}

export interface Identified {
  readonly caller: Caller;
  /** Where the caller is logged in. */
  readonly session: Session | undefined;
}

/** Fails where it can't be told, or where the headers contradict each other. */
export const identifyCaller = Effect.fnUntraced(function* (headers: CallerHeaders) {
  const { authorization, apiKey, cookie } = headers;
  if (claimsToken(authorization, apiKey)) {
    const caller = yield* callerByToken(authorization, apiKey);
    return { caller, session: undefined } satisfies Identified;
  }
  const value = sessionCookieIn(cookie);
  const session = value === undefined ? undefined : yield* sessionInForce(value);
  if (session === undefined) return yield* new NotAuthenticated();
  return { caller: callerBy(session), session } satisfies Identified;
});

const callerByToken = Effect.fnUntraced(function* (
  authorization: string | undefined,
  apiKey: string | undefined,
) {
  const credentials = credentialsIn(authorization, apiKey);
  if (credentials._tag === "Contradictory") {
    const reason = "Authorization and X-API-Key name different tokens";
    return yield* new Malformed({ field: "X-API-Key", reason });
  }
  if (credentials._tag === "None") return yield* new NotAuthenticated();
  const directory = yield* TokenDirectory;
  const caller = directory.identify(credentials.token, yield* Clock.currentTimeMillis);
  return caller ?? (yield* new NotAuthenticated());
});

/** The session whose value is in the cookie, and notes its use; `undefined`: it is over. */
export const sessionInForce = Effect.fnUntraced(function* (value: string) {
  if (!isSessionValue(value)) return undefined;
  const store = yield* SessionStore;
  const session = yield* store.find(tokenHash(value));
  const now = yield* Clock.currentTimeMillis;
  if (session === undefined || !isInForce(session, now)) return undefined;
  if (isToBeNoted(session, now)) yield* store.note(session.hash);
  return session;
});

function callerBy({ user }: Session): Caller {
  const { id, username: name, role } = user;
  return {
    by: "session",
    id: String(id),
    name,
    role,
    sources: undefined,
    projects: undefined,
  };
}
