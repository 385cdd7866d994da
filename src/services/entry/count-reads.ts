/**
 * Counts reads by how they were answered.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import { type CounterName, Counters } from "../counters.ts";

/** How an answer was come by: the words of `X-UC-Cache`. */
export type CacheLabel = "HIT" | "MISS" | "STALE" | "BYPASS";

const NAMES: Readonly<Record<CacheLabel, CounterName>> = {
  HIT: "reads_hit",
  MISS: "reads_miss",
  STALE: "reads_stale",
  BYPASS: "reads_bypass",
};

export const countReads = (label: CacheLabel, reads = 1) =>
  Counters.use((counters) => Effect.sync(() => counters.count(NAMES[label], reads)));

/** The failures that answer a read of a source that there is: nothing was served. */
export const UNSERVED = [
  "EntryNotFound",
  "QueueFull",
  "UpstreamFailed",
  "UpstreamTimedOut",
] as const;
