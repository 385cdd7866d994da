/**
 * The state of the cache on the wire.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import type { CacheStats } from "../../../services/clearing/read-stats.ts";

const count = (description: string, example: number) =>
  z.int().openapi({ description, example });

const stored = {
  entries: count("Entries that can be read", 1_200),
  bytes: count("Of their bodies", 4_800_000),
};

export const CacheStatsSchema = z
  .object({
    status: z.literal("connected").openapi({ description: "The store answers" }),
    info: z.object({
      ...stored,
      is_estimate: z.boolean().openapi({
        description: "Entries and bytes are scaled up from a part: there are very many",
      }),
      hits: count("Reads answered `HIT`, since the first start", 120_394),
      misses: count("Reads answered `MISS`", 2_301),
      stale_served: count("Reads answered `STALE`", 83),
      hit_ratio: z.number().openapi({
        description: "The share of hits among the three; 0 where there were none",
        example: 0.98,
      }),
      by_source: z.record(z.string(), z.object(stored)).openapi({
        example: { weather: { entries: 1_200, bytes: 4_800_000 } },
      }),
    }),
  })
  .openapi("CacheStats");

export const toWire = (stats: CacheStats): z.infer<typeof CacheStatsSchema> => ({
  status: "connected",
  info: {
    entries: stats.entries,
    bytes: stats.bytes,
    is_estimate: stats.isEstimate,
    hits: stats.hits,
    misses: stats.misses,
    stale_served: stats.staleServed,
    hit_ratio: stats.hitRatio,
    by_source: Object.fromEntries(
      [...stats.bySource].map(([id, { entries, bytes }]) => [id, { entries, bytes }]),
    ),
  },
});
