/**
 * `GET /api/v1/rate-limit/{source_id}`
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import * as Result from "effect/Result";
import { readRateLimit } from "../../../services/quota/read-rate-limit.ts";
import { answered } from "../../json-content.ts";
import { problem, problemResponses } from "../../problems.ts";
import type { Responds } from "../../respond.ts";
import { type Api, declareRoute, serve } from "../../route.ts";
import { toInstantOrNull } from "../../wire.ts";
import { SourceIdParam } from "../source/source-schema.ts";

const resetAt = z.iso.datetime().nullable().openapi({
  description: "When `remaining` next grows; `null` when it is all there can be",
});

const RateLimitStateSchema = z
  .object({
    per_minute: z.int().openapi({ example: 5 }),
    remaining: z.int().openapi({ description: "Calls that could start now", example: 2 }),
    reset_at: resetAt,
    windows: z.array(
      z.object({
        window_s: z.int().openapi({ description: "Its length", example: 60 }),
        limit: z.int().openapi({ description: "Calls within it", example: 5 }),
        remaining: z.int().openapi({ example: 2 }),
        reset_at: resetAt,
      }),
    ),
    cooldown_until: z.iso
      .datetime()
      .nullable()
      .openapi({ description: "The upstream asked not to be called before" }),
  })
  .openapi("RateLimitState");

const route = declareRoute(
  { needs: "view", restricted: "source" },
  {
    method: "get",
    path: "/api/v1/rate-limit/{source_id}",
    tags: ["Quota"],
    summary: "Look at a source's budget without spending",
    description:
      "All budgets together decide what could start now: every window of the limit, the burst, and a cooldown that the upstream asked for.",
    operationId: "readRateLimit",
    request: { params: SourceIdParam },
    responses: {
      200: answered("The budget", RateLimitStateSchema),
      ...problemResponses(
        "Malformed",
        "NotAuthenticated",
        "NotPermitted",
        "SourceNotFound",
        "StoreUnavailable",
      ),
    },
  },
);

export function readRateLimitRoute(api: Api) {
  serve(api, route, async (c): Responds<typeof route> => {
    const { source_id } = c.req.valid("param");
    const read = await api.run(readRateLimit(source_id), c.req.raw.signal);
    if (Result.isFailure(read)) return problem(c, read.failure);
    const { source, budget } = read.success;
    return c.json(
      {
        per_minute: source.rateLimit.perMinute,
        remaining: budget.remaining,
        reset_at: toInstantOrNull(budget.resetAt),
        windows: budget.windows.map(({ windowMillis, limit, remaining, resetAt }) => ({
          window_s: windowMillis / 1000,
          limit,
          remaining,
          reset_at: toInstantOrNull(resetAt),
        })),
        cooldown_until: toInstantOrNull(budget.cooldownUntil),
      },
      200,
    );
  });
}
