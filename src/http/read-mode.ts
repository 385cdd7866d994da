/**
 * How a client asks a read to be carried out, by its headers.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import type { MiddlewareHandler } from "hono";
import { createMiddleware } from "hono/factory";
import * as Effect from "effect/Effect";
import type { Reach } from "../domain/entry/read-plan.ts";
import { Malformed } from "../services/errors.ts";
import { waitSeconds } from "./prefer.ts";

/** `true` or `1`, `false` or `0`; anything else is refused. */
export const FlagHeader = z.enum(
  ["true", "1", "false", "0"],
  "Must be true, 1, false or 0",
);

export const isSet = (flag: z.infer<typeof FlagHeader> | undefined): boolean =>
  flag === "true" || flag === "1";

/** Asks `check` where the request is to bypass the cache. */
export const whereBypassing = (check: MiddlewareHandler) =>
  createMiddleware(async (c, next) => {
    const flag = FlagHeader.safeParse(c.req.header("x-uc-bypass-cache"));
    return flag.success && isSet(flag.data) ? check(c, next) : next();
  });

/** How far a read may reach. */
export const ReachHeaders = z.object({
  "x-uc-cache-only": FlagHeader.optional().openapi({
    description: "Answer from the cache alone: no upstream call, nothing queued",
  }),
  "x-uc-bypass-cache": FlagHeader.optional().openapi({
    description:
      "Answer from the upstream, if a call is free; needs the permission `update`",
  }),
});

/** Whether, and how long, to wait for the upstream. */
export const WaitHeaders = z.object({
  "x-uc-wait": FlagHeader.optional().openapi({
    description: "Wait for the upstream's answer: 10 seconds, or what `Prefer` says",
  }),
  prefer: z.string().max(1_024).optional().openapi({
    description: "`wait=N` (RFC 7240): how many seconds to wait, 1 to 60, with X-UC-Wait",
    example: "wait=20",
  }),
});

export const ReadHeaders = z.object({
  ...ReachHeaders.shape,
  ...WaitHeaders.shape,
  "if-none-match": z.string().max(16_384).optional().openapi({
    description: "Answer 304 when one of these tags is the entry's",
    example: 'W/"n4bQgYhMfWWaL-qgxVrQFa"',
  }),
});

/** Fails where the headers contradict each other. */
export const reachOf = Effect.fnUntraced(function* (
  headers: z.infer<typeof ReachHeaders>,
) {
  const bypasses = isSet(headers["x-uc-bypass-cache"]);
  if (!isSet(headers["x-uc-cache-only"])) {
    return (bypasses ? "bypass" : "default") satisfies Reach;
  }
  if (!bypasses) return "cache-only" satisfies Reach;
  const reason = "Contradicts X-UC-Cache-Only";
  return yield* new Malformed({ field: "X-UC-Bypass-Cache", reason });
});

/** Milliseconds to wait for the upstream; `undefined`: not at all. */
export function waitMillisOf(headers: z.infer<typeof WaitHeaders>): number | undefined {
  return isSet(headers["x-uc-wait"]) ? waitSeconds(headers.prefer) * 1_000 : undefined;
}
