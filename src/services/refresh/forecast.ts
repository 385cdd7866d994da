/**
 * When a queued task is likely to be answered, for `Retry-After`.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import { type Budget, budgetAt } from "../../domain/quota/budget.ts";
import { forecastAt } from "../../domain/quota/forecast.ts";
import { secondsUntil } from "../../domain/seconds-until.ts";
import type { Source } from "../../domain/source/source.ts";
import { CallQuota } from "../quota/call-quota.ts";
import { TaskQueue } from "./task-queue.ts";

const COUNTED_AHEAD = 1_000;

export interface Forecast {
  /** As it is in the store now. */
  readonly budget: Budget;
  /** Whole seconds, at least 1. */
  readonly retryAfterSeconds: number;
}

export const forecastTask = Effect.fnUntraced(function* (
  source: Source,
  task: { readonly taskId: string; readonly state: "queued" | "running" },
  now: number,
) {
  const queue = yield* TaskQueue;
  const quota = yield* CallQuota;
  const record = (yield* quota.look([source.id])).get(source.id);
  // One that runs has its call already.
  const startsAt =
    task.state === "running"
      ? now
      : forecastAt(
          source.rateLimit,
          record,
          yield* queue.placeOf(task.taskId, COUNTED_AHEAD),
          now,
        );
  return {
    budget: budgetAt(source.rateLimit, record, now),
    retryAfterSeconds: secondsUntil(startsAt, now),
  } satisfies Forecast;
});
