/**
 * Hands out the session's cookie, and takes it back.
 *
 * It ends with the browser, goes along with no call that a page of another site makes but
 * its links, and no script can read it.
 *
 * Source: RFC 6265 §4.1; RFC 6265bis §4.1.2.7 (SameSite).
 *
 * @module
 */
import type { Context } from "hono";
import { SESSION_COOKIE } from "../domain/access/session-cookie.ts";
import { isHttps } from "./client-address.ts";

export function giveSessionCookie(c: Context, value: string): void {
  setCookie(c, value, "");
}

export function takeSessionCookie(c: Context): void {
  setCookie(c, "", "; Max-Age=0");
}

function setCookie(c: Context, value: string, attributes: string): void {
  const secure = isHttps(c) ? "; Secure" : "";
  const cookie = `${SESSION_COOKIE}=${value}; Path=/; HttpOnly; SameSite=Lax`;
  c.header("Set-Cookie", `${cookie}${secure}${attributes}`, { append: true });
}

/** What the document says of the answers that hand it out. */
export const sessionCookieHeader = {
  "Set-Cookie": {
    description: "The cookie that goes along with every later call",
    schema: { type: "string" as const },
    example: `${SESSION_COOKIE}=n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg; Path=/; HttpOnly; SameSite=Lax`,
  },
};
