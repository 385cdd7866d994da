/**
 * Refuses unsafe calls that a page of another site has a logged-in browser make.
 *
 * A call with a token in its headers needs nothing: no page can set them for another site.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import type { Context, MiddlewareHandler } from "hono";
import { createMiddleware } from "hono/factory";
import { isFromElsewhere } from "../domain/access/request-site.ts";
import { claimsToken } from "../domain/access/credentials.ts";
import { checkCsrf } from "../services/access/csrf.ts";
import {
  type CallerHeaders,
  identifyCaller,
} from "../services/access/identify-caller.ts";
import { Malformed } from "../services/errors.ts";
import { rules } from "./admin/messages.ts";
import { type CallerEnv, callerHeaders } from "./authorize.ts";
import { failure } from "./faces.ts";
import { isListedOrigin } from "./network-policy.ts";
import type { Run } from "./run.ts";

export const CSRF_HEADER = "X-CSRFToken";

/** Whether a call by this method changes nothing (RFC 9110 §9.2.1). */
export function isSafe(method: string): boolean {
  return ["GET", "HEAD", "OPTIONS"].includes(method.toUpperCase());
}

/** Answers 403. For unsafe methods, to be put behind `authorize`. */
export const csrfChecked = (run: Run) =>
  createMiddleware<CallerEnv>(async (c, next) => {
    const { caller } = c.var;
    if (caller?.by === "token") return next();
    const evidence = {
      cookie: c.req.header("cookie"),
      token: c.req.header(CSRF_HEADER),
      fromElsewhere: isFromAnotherSite(c),
    };
    const checked = await run(
      caller === undefined
        ? unlessByToken(callerHeaders(c), checkCsrf(evidence, false))
        : checkCsrf(evidence, true),
    );
    return Result.isFailure(checked) ? failure(c, checked.failure) : next();
  });

function isFromAnotherSite(c: Context): boolean {
  const origin = c.req.header("origin");
  if (origin !== undefined && isListedOrigin(c, origin)) return false;
  const fetchSite = c.req.header("sec-fetch-site");
  return isFromElsewhere({ fetchSite, origin, host: URL.parse(c.req.url)?.host });
}

/** For a route that needs no caller: one who is known by a token needs no check either. */
const unlessByToken = Effect.fnUntraced(function* <E, R>(
  headers: CallerHeaders,
  check: Effect.Effect<void, E, R>,
) {
  if (!claimsToken(headers.authorization, headers.apiKey)) return yield* check;
  const known = yield* Effect.result(identifyCaller(headers));
  if (Result.isFailure(known)) yield* check;
});

/** Answers 400 for a CSRF token in a JSON body, where pages of other sites can put one. */
export const noTokenInBody = createMiddleware(async (c, next) => {
  const bytes = await c.req.arrayBuffer();
  // The body is kept, and whoever reads it later is to find no other.
  const { url, method, headers, signal } = c.req.raw;
  c.req.raw = new Request(url, { method, headers, signal });
  if (!namesToken(bytes)) return next();
  const reason = rules.tokenInHeader.en;
  return failure(c, new Malformed({ field: "csrf_token", reason }));
});

/** Does `check` where somebody who is logged in calls. */
export const whereInSession = (check: MiddlewareHandler) =>
  createMiddleware<CallerEnv>((c, next) =>
    c.var.caller?.by === "session"
      ? (check(c, next) as Promise<Response | void>)
      : next(),
  );

function namesToken(bytes: ArrayBuffer): boolean {
  if (bytes.byteLength === 0) return false;
  try {
    const body: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return typeof body === "object" && body !== null && Object.hasOwn(body, "csrf_token");
  } catch {
    return false;
  }
}
