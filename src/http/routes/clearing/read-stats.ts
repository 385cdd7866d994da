/**
 * `GET /api/v1/cache/stats`
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import * as Result from "effect/Result";
import { readStats } from "../../../services/clearing/read-stats.ts";
import { failureEnvelope, success } from "../../admin/envelope.ts";
import { envelopeResponses, successResponse } from "../../admin/envelope-schema.ts";
import type { Responds } from "../../respond.ts";
import { type Api, declareRoute, serve } from "../../route.ts";
import { CacheStatsSchema, toWire } from "./stats-schema.ts";

const route = declareRoute(
  { needs: "login", restricted: "refused", face: "admin" },
  {
    method: "get",
    path: "/api/v1/cache/stats",
    tags: ["Clearing"],
    summary: "The state of the cache in numbers",
    description:
      "Entries and bytes are counted as they are now, or estimated where there are very many. 500 where the store can't be reached.",
    operationId: "readCacheStats",
    responses: {
      200: successResponse("The numbers", z.object({ stats: CacheStatsSchema })),
      ...envelopeResponses(
        "Malformed",
        "NotAuthenticated",
        "NotPermitted",
        "StoreUnavailable",
      ),
    },
  },
);

export function readStatsRoute(api: Api) {
  serve(api, route, async (c): Responds<typeof route> => {
    const read = await api.run(readStats, c.req.raw.signal);
    if (Result.isFailure(read)) return failureEnvelope(c, read.failure);
    return success(c, "statsRead", { stats: toWire(read.success) });
  });
}
