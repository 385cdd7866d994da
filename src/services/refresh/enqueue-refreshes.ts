/**
 * Queues refreshes, all or none, and says when to come back where there is no room.
 *
 * @module
 */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import { forecastAt } from "../../domain/quota/forecast.ts";
import { secondsUntil } from "../../domain/seconds-until.ts";
import type { Source } from "../../domain/source/source.ts";
import { QueueFull } from "../errors.ts";
import { CallQuota } from "../quota/call-quota.ts";
import { type EnqueueOptions, TaskQueue, type Wanted } from "./task-queue.ts";

/** As `TaskQueue.enqueue`. A place in the queue is free when the next call starts. */
export const enqueueRefreshes = Effect.fnUntraced(function* (
  source: Source,
  wanted: readonly Wanted[],
  options: EnqueueOptions,
) {
  const queue = yield* TaskQueue;
  return yield* queue
    .enqueue(source, wanted, options)
    .pipe(Effect.catchTag("QueueHasNoRoom", () => queueFull(source)));
});

/** Fails: no refresh of `source` can be queued now. */
export const queueFull = Effect.fnUntraced(function* (source: Source) {
  const quota = yield* CallQuota;
  const now = yield* Clock.currentTimeMillis;
  const record = (yield* quota.look([source.id])).get(source.id);
  const startsAt = forecastAt(source.rateLimit, record, 0, now);
  return yield* new QueueFull({
    sourceId: source.id,
    retryAfterSeconds: secondsUntil(startsAt, now),
  });
});
