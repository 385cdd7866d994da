/**
 * When a queued task is likely to be answered, for `Retry-After`.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import type { Budget } from "../../domain/quota/budget.ts";
import { forecastMillis } from "../../domain/quota/forecast.ts";
import type { Source } from "../../domain/source/source.ts";
import { TaskQueue } from "./task-queue.ts";

const COUNTED_AHEAD = 1_000;

/** Whole seconds, at least 1. */
export const forecastSeconds = Effect.fnUntraced(function* (
  source: Source,
  taskId: string,
  budget: Budget,
  now: number,
) {
  const queue = yield* TaskQueue;
  const ahead = yield* queue.placeOf(taskId, COUNTED_AHEAD);
  const wait = forecastMillis(source.rateLimit, budget, ahead, now);
  return Math.max(1, Math.ceil(wait / 1000));
});
