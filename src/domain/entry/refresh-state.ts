/**
 * What a reader is told of how the refreshing of an entry stands.
 *
 * @module
 */
import { REMEMBERED_MILLIS } from "../refresh/task.ts";

/** `idle`: nothing happened within a day. */
export type RefreshState = "idle" | "queued" | "running" | "failed" | "ok";

/**
 * The state at `now`: an unfinished task, else how the last refresh ended.
 *
 * `answeredAt` is when the entry was last confirmed, `failedAt` when a refresh last failed.
 */
export function refreshStateOf(
  unfinished: "queued" | "running" | undefined,
  answeredAt: number | undefined,
  failedAt: number | undefined,
  now: number,
): RefreshState {
  if (unfinished !== undefined) return unfinished;
  const failed = failedAt ?? -Infinity;
  const answered = answeredAt ?? -Infinity;
  if (Math.max(failed, answered) <= now - REMEMBERED_MILLIS) return "idle";
  return failed > answered ? "failed" : "ok";
}
