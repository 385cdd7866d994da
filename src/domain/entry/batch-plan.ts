/**
 * What a read of many keys does with each of them.
 *
 * Whatever is not expired is served; nobody waits. What is not fresh is refreshed behind
 * the answer, what can't be served first in line.
 *
 * @module
 */
import { PRIORITY, type Priority } from "../refresh/task.ts";
import type { Entry } from "./entry.ts";
import { freshnessAt } from "./freshness.ts";
import type { Reach } from "./read-plan.ts";

export interface BatchPlan {
  readonly serve: boolean;
  /** With which to queue a refresh; `undefined`: none. */
  readonly priority: Priority | undefined;
}

/** Plans the read of `entry`, the stored one if any; `resting`: its back-off runs. */
export function planBatchRead(
  entry: Entry | undefined,
  resting: boolean,
  reach: Reach,
  now: number,
): BatchPlan {
  const freshness = entry === undefined ? "expired" : freshnessAt(entry.lifetime, now);
  const serve = freshness !== "expired";
  const asks =
    reach === "bypass" || (reach === "default" && freshness !== "fresh" && !resting);
  const priority = serve ? PRIORITY.normal : PRIORITY.high;
  return { serve, priority: asks ? priority : undefined };
}
