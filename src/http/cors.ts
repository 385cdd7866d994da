/**
 * Lets pages of the origins that the operator lists call the API from a browser.
 *
 * Written out, because the answer's headers are set once it is there: what stands in front
 * of a handler and makes an answer beforehand costs every hit.
 *
 * Source: Fetch standard, "HTTP extensions" (CORS protocol).
 *
 * @module
 */
import type { Context } from "hono";
import { createMiddleware } from "hono/factory";
import { isAllowed, refuseAddress } from "./allow-list.ts";
import { isListedOrigin, policyOf } from "./network-policy.ts";

const METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE";

/** What a page may send. */
const REQUEST_HEADERS = [
  "Accept-Language",
  "Authorization",
  "Content-Type",
  "Idempotency-Key",
  "If-None-Match",
  "Prefer",
  "X-API-Key",
  "X-CSRFToken",
  "X-Request-Id",
  "X-UC-Bypass-Cache",
  "X-UC-Cache-Only",
  "X-UC-Wait",
].join(", ");

/** What a page may read of an answer, besides what it always may. */
const ANSWER_HEADERS = [
  "Cache-Status",
  "ETag",
  "Idempotent-Replayed",
  "Location",
  "Preference-Applied",
  "RateLimit",
  "RateLimit-Policy",
  "Retry-After",
  "WWW-Authenticate",
  "X-RateLimit-Limit",
  "X-RateLimit-Remaining",
  "X-RateLimit-Reset",
  "X-Request-Id",
  "X-UC-Age",
  "X-UC-Cache",
  "X-UC-Deleted",
  "X-UC-Task-Id",
  "X-UC-Unreached-Processes",
].join(", ");

/** How long a browser may remember what it was told; a changed list holds by then. */
const PREFLIGHT_SECONDS = "600";

/** Answers preflights, and tells browsers which pages may read an answer. */
export const cors = createMiddleware(async (c, next) => {
  if (policyOf(c).corsOrigins.length === 0) return next();
  const origin = c.req.header("origin");
  const isPreflight =
    c.req.method === "OPTIONS" &&
    c.req.header("access-control-request-method") !== undefined;

  if (isPreflight) c.res = answerPreflight(c);
  else await next();

  const { headers } = c.res;
  headers.append("Vary", "Origin");
  if (origin === undefined || !isListedOrigin(c, origin)) return undefined;
  headers.set("Access-Control-Allow-Origin", origin);
  headers.set("Access-Control-Allow-Credentials", "true");
  if (!isPreflight) {
    headers.set("Access-Control-Expose-Headers", ANSWER_HEADERS);
    return undefined;
  }
  headers.set("Access-Control-Allow-Methods", METHODS);
  headers.set("Access-Control-Allow-Headers", REQUEST_HEADERS);
  headers.set("Access-Control-Max-Age", PREFLIGHT_SECONDS);
  return undefined;
});

const answerPreflight = (c: Context) =>
  isAllowed(c, { needs: "nothing" })
    ? new Response(null, { status: 204 })
    : refuseAddress(c);
