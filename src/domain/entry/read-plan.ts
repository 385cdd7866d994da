/**
 * What one read of the cache should do.
 *
 * The plan is a value. The shell carries it out and adds no decision of its own.
 *
 * @module
 */
import type { Entry } from "./entry.ts";
import { type Freshness, freshnessAt } from "./freshness.ts";

/**
 * How far a read may reach. `cache-only` never touches the upstream, queues nothing and
 * waits for nothing; `bypass` wants the upstream's answer though there may be a fresh entry.
 */
export type Reach = "default" | "cache-only" | "bypass";

export interface ReadMode {
  readonly reach: Reach;
  /** The caller waits for the upstream, if it must be asked. */
  readonly waits: boolean;
}

/** Answer with `entry`; when `refresh` is set, queue a refresh behind the answer. */
export interface Serve {
  readonly _tag: "Serve";
  readonly entry: Entry;
  readonly label: "HIT" | "STALE";
  readonly refresh: boolean;
}

/** Nothing can be served: queue a refresh first in line and say when to come back. */
export interface Queue {
  readonly _tag: "Queue";
}

/**
 * Get the upstream's answer and serve it under `label`; without one go on as `otherwise`.
 *
 * `try`: for a moment, if a call is free now. `call`: if a call is free now. `wait`: wait
 * for a free call and its answer.
 */
export interface Fetch {
  readonly _tag: "Fetch";
  readonly how: "try" | "call" | "wait";
  readonly label: "MISS" | "BYPASS";
  readonly otherwise: Serve | Queue;
}

/** `Refuse`: nothing can be served and the caller forbids an upstream call. */
export type ReadPlan = Serve | Queue | Fetch | { readonly _tag: "Refuse" };

/** Plans the read of `entry`, the stored one if any, in `mode` at `now`. */
export function planRead(
  entry: Entry | undefined,
  mode: ReadMode,
  now: number,
): ReadPlan {
  const freshness: Freshness =
    entry === undefined ? "expired" : freshnessAt(entry.lifetime, now);
  const stored = entry === undefined || freshness === "expired" ? undefined : entry;
  const label = freshness === "fresh" ? "HIT" : "STALE";
  const serve = (refresh: boolean): Serve | Queue =>
    stored === undefined
      ? { _tag: "Queue" }
      : { _tag: "Serve", entry: stored, label, refresh };
  const fetch = (how: Fetch["how"], label: Fetch["label"]): Fetch => ({
    _tag: "Fetch",
    how,
    label,
    otherwise: serve(true),
  });

  switch (mode.reach) {
    case "cache-only":
      return stored === undefined ? { _tag: "Refuse" } : serve(false);
    case "bypass":
      return fetch(mode.waits ? "wait" : "call", "BYPASS");
    case "default":
      if (freshness === "fresh") return serve(false);
      if (mode.waits) return fetch("wait", "MISS");
      return freshness === "fallback" ? fetch("try", "MISS") : serve(true);
  }
}
