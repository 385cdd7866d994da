/**
 * The cookie that a session is known by.
 *
 * Source: RFC 6265 §5.4 (several cookies of one name may be sent, and their order can't be
 * relied on).
 *
 * @module
 */

export const SESSION_COOKIE = "uc_session";

/**
 * The value of the session's cookie in a `Cookie` header.
 *
 * `undefined` where there is none, and where there are several that differ: a neighbouring
 * host may have set one of them, to have its own session used in the place of the user's.
 *
 * @example Of two that differ none is believed
 * ```ts
 * import { sessionCookieIn } from "./session-cookie.ts";
 *
 * sessionCookieIn("a=1; uc_session=x"); // => "x"
 * sessionCookieIn("uc_session=x; uc_session=y"); // => undefined
 * ```
 */
export function sessionCookieIn(header: string | undefined): string | undefined {
  const values = (header ?? "").split(";").flatMap((pair) => {
    const [name = "", ...rest] = pair.split("=");
    return name.trim() === SESSION_COOKIE ? [rest.join("=").trim()] : [];
  });
  const [value] = values;
  return value && values.every((other) => other === value) ? value : undefined;
}
