/**
 * Queues the refreshes that a read of many keys asks for.
 *
 * The answer doesn't depend on it: what finds no room in the queue, or no store, is left.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import {
  type RefreshStanding,
  toldTask,
  type UnfinishedTask,
} from "../../domain/refresh/refresh-standing.ts";
import { PRIORITY, type Priority } from "../../domain/refresh/task.ts";
import type { Source } from "../../domain/source/source.ts";
import { TaskQueue, type Wanted } from "../refresh/task-queue.ts";

/** A refresh to queue, and how that of its key stands. */
export interface Asked {
  readonly wanted: Wanted;
  readonly priority: Priority;
  readonly standing: RefreshStanding;
}

/** The tasks of those that were queued, by key. */
export const queueMany = Effect.fnUntraced(function* (
  source: Source,
  asked: readonly Asked[],
) {
  const queue = yield* TaskQueue;
  const tasks = new Map<string, UnfinishedTask>();
  for (const priority of [PRIORITY.high, PRIORITY.normal]) {
    const wanted = asked
      .filter((one) => one.priority === priority && !isQueued(one))
      .map((one) => one.wanted);
    if (wanted.length === 0) continue;
    const enqueued = yield* queue
      .enqueueFitting(source, wanted, { priority, told: true })
      .pipe(
        Effect.catchTag("StoreUnavailable", (error) =>
          Effect.as(Effect.logDebug(error.message), []),
        ),
      );
    for (const [index, task] of enqueued.entries()) {
      if (task === undefined) continue;
      const { taskId, state } = task;
      tasks.set(wanted[index]?.key ?? "", { id: taskId, state, priority, told: true });
    }
  }
  return tasks;
});

/** An unfinished task will do, unless a call is wanted in any case. */
function isQueued({ wanted, priority, standing }: Asked): boolean {
  return wanted.newerThan !== undefined && toldTask(standing, priority) !== undefined;
}
