/**
 * What one read of the cache should do.
 *
 * The plan is a value. The shell carries it out and adds no decision of its own.
 *
 * @module
 */
import type { Entry } from "./entry.ts";
import { type Freshness, freshnessAt } from "./freshness.ts";

/** `cache-only` never touches the upstream and queues nothing. */
export type ReadMode = "default" | "cache-only";

export type ReadPlan =
  /** Answer with `entry`; when `refresh` is set, queue a refresh behind the answer. */
  | {
      readonly _tag: "Serve";
      readonly entry: Entry;
      readonly label: "HIT" | "STALE";
      readonly refresh: boolean;
    }
  /** Try the upstream for a moment if a call is free now; else answer with `entry`. */
  | { readonly _tag: "Try"; readonly entry: Entry }
  /** Nothing can be served: queue a refresh first in line and say when to come back. */
  | { readonly _tag: "Queue" }
  /** Nothing can be served and the caller forbids an upstream call. */
  | { readonly _tag: "Refuse" };

/** Plans the read of `entry`, the stored one if any, in `mode` at `now`. */
export function planRead(
  entry: Entry | undefined,
  mode: ReadMode,
  now: number,
): ReadPlan {
  const freshness: Freshness =
    entry === undefined ? "expired" : freshnessAt(entry.lifetime, now);
  if (entry === undefined || freshness === "expired") {
    return mode === "cache-only" ? { _tag: "Refuse" } : { _tag: "Queue" };
  }
  if (freshness === "fresh")
    return { _tag: "Serve", entry, label: "HIT", refresh: false };
  if (mode === "cache-only") {
    return { _tag: "Serve", entry, label: "STALE", refresh: false };
  }
  return freshness === "stale"
    ? { _tag: "Serve", entry, label: "STALE", refresh: true }
    : { _tag: "Try", entry };
}
