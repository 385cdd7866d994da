/**
 * Gathers what is told of the cache as a whole.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import { Counters } from "../counters.ts";
import { EntryStatistics, type Stored, type StoredBySource } from "./entry-statistics.ts";

/** Reads are counted since the first start, over all processes. */
export interface CacheStats extends Stored, StoredBySource {
  readonly hits: number;
  readonly misses: number;
  readonly staleServed: number;
  /** The share of hits among those three; 0 where there were none. */
  readonly hitRatio: number;
}

/** Fails where the store is away. */
export const readStats = Effect.gen(function* () {
  const statistics = yield* EntryStatistics;
  const counters = yield* Counters;
  const { stored, totals } = yield* Effect.all(
    { stored: statistics.stored, totals: counters.totals },
    { concurrency: "unbounded" },
  );
  const { reads_hit: hits, reads_miss: misses, reads_stale: staleServed } = totals;
  const all = [...stored.bySource.values()];
  const stats: CacheStats = {
    ...stored,
    entries: all.reduce((sum, { entries }) => sum + entries, 0),
    bytes: all.reduce((sum, { bytes }) => sum + bytes, 0),
    hits,
    misses,
    staleServed,
    hitRatio: hits / Math.max(1, hits + misses + staleServed),
  };
  return stats;
}).pipe(Effect.withSpan("readStats"));
