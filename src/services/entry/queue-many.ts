/**
 * Queues the refreshes that a read of many keys asks for.
 *
 * The answer doesn't depend on it: what finds no room in the queue, or no store, is left.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import { PRIORITY, type Priority } from "../../domain/refresh/task.ts";
import type { Source } from "../../domain/source/source.ts";
import { type Enqueued, TaskQueue, type Wanted } from "../refresh/task-queue.ts";
import type { RefreshStanding } from "./entry-store.ts";

/** A refresh to queue, and how that of its key stands. */
export interface Asked {
  readonly wanted: Wanted;
  readonly priority: Priority;
  readonly standing: RefreshStanding;
}

type Task = NonNullable<RefreshStanding["task"]>;

/** The tasks of those that were queued, by key. */
export const queueMany = Effect.fnUntraced(function* (
  source: Source,
  asked: readonly Asked[],
) {
  const tasks = new Map<string, Task>();
  for (const priority of [PRIORITY.high, PRIORITY.normal]) {
    const wanted = asked
      .filter((one) => one.priority === priority && !isQueued(one))
      .map((one) => one.wanted);
    const enqueued = yield* enqueueWhatFits(source, wanted, priority).pipe(
      Effect.catchTag(["QueueHasNoRoom", "StoreUnavailable"], (error) =>
        Effect.as(Effect.logDebug(error.message), none),
      ),
    );
    for (const [index, { taskId, state }] of enqueued.entries()) {
      const key = wanted[index]?.key ?? "";
      tasks.set(key, { id: taskId, state, priority, told: true });
    }
  }
  return tasks;
});

const none: readonly Enqueued[] = [];

/** All are queued or none; of too many, those that find room. */
const enqueueWhatFits = Effect.fnUntraced(function* (
  source: Source,
  wanted: readonly Wanted[],
  priority: Priority,
) {
  if (wanted.length === 0) return none;
  const queue = yield* TaskQueue;
  const options = { priority, told: true };
  return yield* queue.enqueue(source, wanted, options).pipe(
    Effect.catchTag("QueueHasNoRoom", (error) =>
      Effect.gen(function* () {
        const room = source.maxQueue - (yield* queue.queuedUpTo(source, source.maxQueue));
        if (room <= 0) return yield* error;
        return yield* queue.enqueue(source, wanted.slice(0, room), options);
      }),
    ),
  );
});

/** An unfinished task will do, unless a call is wanted in any case. */
function isQueued({ wanted, priority, standing: { task } }: Asked): boolean {
  return (
    task !== undefined &&
    task.told &&
    task.priority <= priority &&
    wanted.newerThan !== undefined
  );
}
