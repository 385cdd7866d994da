/**
 * Tokens that only a page of ours can send along with the session's cookie.
 *
 * A token is the tag of the cookie's value: it can't be made up, is good for that one value,
 * and ends with it. Before anybody is logged in the cookie holds a value of which nothing
 * is kept.
 *
 * Source: OWASP Cross-Site Request Forgery Prevention Cheat Sheet (signed double submit,
 * bound to the session).
 *
 * @module
 */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import { preSessionText, readPreSession } from "../../domain/access/pre-session.ts";
import { sessionCookieIn } from "../../domain/access/session-cookie.ts";
import { CsrfInvalid, CsrfMissing } from "./errors.ts";
import { sessionInForce } from "./identify-caller.ts";
import { Randomness } from "./randomness.ts";
import { Signer } from "./signer.ts";

const TOKEN = "csrf";
const PRE_SESSION = "pre-session";

/** The token for the value in the `Cookie` header, and a new value where that one is over. */
export const csrfTokenFor = Effect.fn("csrfTokenFor")(function* (
  cookie: string | undefined,
) {
  const signer = yield* Signer;
  const value = sessionCookieIn(cookie);
  if (value !== undefined && (yield* isGood(value))) {
    return { token: signer.sign(TOKEN, value), newValue: undefined };
  }
  const newValue = yield* preSessionValue;
  return { token: signer.sign(TOKEN, newValue), newValue };
});

export interface CsrfEvidence {
  readonly cookie: string | undefined;
  /** `X-CSRFToken` */
  readonly token: string | undefined;
  /** Whether a browser says that a page of another site made the call. */
  readonly fromElsewhere: boolean;
}

/**
 * Fails unless the call was made by a page of ours. `isLoggedIn`: the cookie's value was
 * found to be that of a session in force.
 */
export const checkCsrf = Effect.fnUntraced(function* (
  { cookie, token, fromElsewhere }: CsrfEvidence,
  isLoggedIn: boolean,
) {
  const signer = yield* Signer;
  if (token === undefined || token === "") return yield* new CsrfMissing();
  if (fromElsewhere)
    return yield* new CsrfInvalid({ reason: "it comes from another site" });
  const value = sessionCookieIn(cookie);
  const belongs = value !== undefined && signer.verify(TOKEN, value, token);
  if (belongs && (isLoggedIn || (yield* isGood(value)))) return;
  const reason = "X-CSRFToken is not the token of this session";
  return yield* new CsrfInvalid({ reason });
});

const preSessionValue = Effect.gen(function* () {
  const signer = yield* Signer;
  const random = yield* Randomness;
  const text = preSessionText(yield* Clock.currentTimeMillis, random.bytes(16));
  return `pre.${text}.${signer.sign(PRE_SESSION, text)}`;
});

/** Whether `value` is one of ours that is not over, of before a login or of a session. */
const isGood = Effect.fnUntraced(function* (value: string) {
  const signer = yield* Signer;
  const pre = readPreSession(value);
  if (pre === undefined) return (yield* sessionInForce(value)) !== undefined;
  const isOurs = signer.verify(PRE_SESSION, pre.text, pre.tag);
  return isOurs && (yield* Clock.currentTimeMillis) < pre.until;
});
