/**
 * Queues the refresh of a key that has nothing to serve, and says when to come back.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import type { EntryId } from "../../domain/entry/entry.ts";
import { PRIORITY } from "../../domain/refresh/task.ts";
import type { Source } from "../../domain/source/source.ts";
import { UpstreamFailed, UpstreamTimedOut } from "../errors.ts";
import { forecastTask } from "../refresh/forecast.ts";
import { RefreshRequests } from "../refresh/refresh-requests.ts";
import { isResting } from "./ask-for-refresh.ts";
import type { RefreshFailure, RefreshStanding } from "./entry-store.ts";

const firstInLine = { priority: PRIORITY.high, told: true };

/**
 * Gives the task, first in line. Fails as the last refresh did while its back-off runs.
 *
 * `seenAt` is when the entry was answered that is too old to serve, 0 where there is none.
 */
export const queueAbsent = Effect.fnUntraced(function* (
  source: Source,
  id: EntryId,
  seenAt: number,
  standing: RefreshStanding,
  now: number,
) {
  const requests = yield* RefreshRequests;
  const { task, failure } = standing;
  if (task === undefined && failure !== undefined && isResting(standing, now)) {
    return yield* failureFor(source, failure, now);
  }
  const queued =
    task !== undefined && task.told && task.priority <= PRIORITY.high
      ? { taskId: task.id, state: task.state }
      : yield* requests.ask(source, { ...id, newerThan: seenAt }, firstInLine);
  const { budget, retryAfterSeconds } = yield* forecastTask(source, queued, now);
  const { taskId, state } = queued;
  return {
    _tag: "Queued",
    key: id.key,
    taskId,
    state,
    retryAfterSeconds,
    budget,
  } as const;
});

/** What a caller is told who can't be served because of `failure`. */
export function failureFor(
  { id: sourceId }: Source,
  { error, until }: RefreshFailure,
  now: number,
): UpstreamFailed | UpstreamTimedOut {
  const retryAfterSeconds = Math.max(1, Math.ceil((until - now) / 1000));
  return error.code === "UPSTREAM_TIMEOUT"
    ? new UpstreamTimedOut({ sourceId, retryAfterSeconds })
    : new UpstreamFailed({ sourceId, reason: error.detail, retryAfterSeconds });
}
