/**
 * Queues the refresh of a key that has nothing to serve, and says when to come back.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import type { EntryId } from "../../domain/entry/entry.ts";
import {
  type RefreshFailure,
  type RefreshStanding,
  restingFailure,
  toldTask,
} from "../../domain/refresh/refresh-standing.ts";
import { PRIORITY } from "../../domain/refresh/task.ts";
import { secondsUntil } from "../../domain/seconds-until.ts";
import type { Source } from "../../domain/source/source.ts";
import { UpstreamFailed, UpstreamTimedOut } from "../errors.ts";
import { forecastTask } from "../refresh/forecast.ts";
import { RefreshRequests } from "../refresh/refresh-requests.ts";

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
  const failure = restingFailure(standing, now);
  if (standing.task === undefined && failure !== undefined) {
    return yield* failureFor(source, failure, now);
  }
  const task = toldTask(standing, PRIORITY.high);
  const queued =
    task === undefined
      ? yield* requests.ask(source, { ...id, newerThan: seenAt }, firstInLine)
      : { taskId: task.id, state: task.state };
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
  const retryAfterSeconds = secondsUntil(until, now);
  return error.code === "UPSTREAM_TIMEOUT"
    ? new UpstreamTimedOut({ sourceId, retryAfterSeconds })
    : new UpstreamFailed({ sourceId, reason: error.detail, retryAfterSeconds });
}
