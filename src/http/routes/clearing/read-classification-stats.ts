/**
 * `GET /api/v1/cache/classification/stats`
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import { DB_TYPES, type DbType } from "../../../domain/instance/instance.ts";
import {
  readClassificationStats,
  type RulesCached,
} from "../../../services/clearing/read-classification-stats.ts";
import { readStats } from "../../../services/clearing/read-stats.ts";
import { failureEnvelope, success } from "../../admin/envelope.ts";
import { envelopeResponses, successResponse } from "../../admin/envelope-schema.ts";
import type { Responds } from "../../respond.ts";
import { type Api, declareRoute, serve } from "../../route.ts";
import { CacheStatsSchema, toWire } from "./stats-schema.ts";

const NOT_WHOLE = "Too many entries to count all";

const RulesSchema = z
  .object({
    rules_cached: z.boolean().openapi({
      description: "Whether a readable entry with exactly this `db_type` exists",
    }),
    rules_count: z.int().openapi({
      description:
        "Over these entries: the length of `data`, or of its `rules`, where that is an array, else 1",
      example: 12,
    }),
    error: z.string().optional().openapi({
      description: "Why the count is not whole",
      example: NOT_WHOLE,
    }),
  })
  .openapi("RulesCached");

const ClassificationStatsSchema = z
  .object({
    cache_stats: CacheStatsSchema,
    db_type_stats: z.object(
      Object.fromEntries(DB_TYPES.map((type) => [type, RulesSchema])) as Record<
        DbType,
        typeof RulesSchema
      >,
    ),
    cache_enabled: z.boolean(),
  })
  .openapi("ClassificationStats");

const route = declareRoute(
  { needs: "view", restricted: "refused", face: "admin" },
  {
    method: "get",
    path: "/api/v1/cache/classification/stats",
    tags: ["Clearing"],
    summary: "How many classification rules are cached of each type of database",
    description: "Rules of `all` types count for none of them.",
    operationId: "readClassificationStats",
    responses: {
      200: successResponse("The numbers", ClassificationStatsSchema),
      ...envelopeResponses(
        "Malformed",
        "NotAuthenticated",
        "NotPermitted",
        "StoreUnavailable",
      ),
    },
  },
);

export function readClassificationStatsRoute(api: Api) {
  serve(api, route, async (c): Responds<typeof route> => {
    const both = Effect.all({ stats: readStats, rules: readClassificationStats });
    const read = await api.run(both, c.req.raw.signal);
    if (Result.isFailure(read)) return failureEnvelope(c, read.failure);
    const { stats, rules } = read.success;
    return success(c, "classificationStatsRead", {
      cache_stats: toWire(stats),
      db_type_stats: {
        mysql: toRules(rules.get("mysql")),
        postgresql: toRules(rules.get("postgresql")),
        sqlserver: toRules(rules.get("sqlserver")),
        oracle: toRules(rules.get("oracle")),
      },
      cache_enabled: true,
    });
  });
}

const toRules = (found: RulesCached | undefined) => ({
  rules_cached: found?.isCached === true,
  rules_count: found?.rules ?? 0,
  ...(found?.isCut === true ? { error: NOT_WHOLE } : {}),
});
