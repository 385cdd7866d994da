/**
 * Headers that keep browsers from doing with an answer what it is not meant for.
 *
 * Source: Fetch standard (nosniff, Cross-Origin-Resource-Policy), HTML standard
 * (X-Frame-Options), Referrer Policy, Content Security Policy Level 3, RFC 6797 (HSTS).
 *
 * @module
 */
import { createMiddleware } from "hono/factory";
import { isHttps } from "./client-address.ts";

/** An answer that is no page shows nothing, whoever opens it. */
const NO_PAGE = "default-src 'none'; frame-ancestors 'none'";

/** Pages are made of our own files alone, and run no script that stands in them. */
export const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join("; ");

const POLICY = "Content-Security-Policy";
const STRICT_TRANSPORT = "max-age=31536000";

/** Of every answer. */
const always = [
  ["X-Content-Type-Options", "nosniff"],
  ["Referrer-Policy", "no-referrer"],
  ["X-Frame-Options", "DENY"],
  ["Cross-Origin-Resource-Policy", "same-origin"],
] as const;

/** The headers of an answer that is no page, for what is answered without the app. */
export const SECURE_HEADERS: Readonly<Record<string, string>> = {
  ...Object.fromEntries(always),
  [POLICY]: NO_PAGE,
};

/** Sets them on every answer; a policy that the answer has of its own stays. */
export const secureHeaders = createMiddleware(async (c, next) => {
  await next();
  const { headers } = c.res;
  for (const [name, value] of always) headers.set(name, value);
  if (!headers.has(POLICY)) {
    const isPage = headers.get("Content-Type")?.startsWith("text/html") === true;
    headers.set(POLICY, isPage ? PAGE_POLICY : NO_PAGE);
  }
  if (isHttps(c)) headers.set("Strict-Transport-Security", STRICT_TRANSPORT);
});
