/**
 * Cancels a task that no one has begun.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import type { Caller } from "../../domain/access/caller.ts";
import { TaskNotQueued } from "../errors.ts";
import { readTask } from "./read-task.ts";
import { TaskQueue } from "./task-queue.ts";

/** Fails with `TaskNotQueued` for one that runs or has ended. */
export const cancelTask = Effect.fn("cancelTask")(function* (
  taskId: string,
  caller: Caller,
) {
  const queue = yield* TaskQueue;
  const { state } = yield* readTask(taskId, caller);
  if (yield* queue.cancel(taskId)) return yield* readTask(taskId, caller);
  const now = state === "queued" ? (yield* readTask(taskId, caller)).state : state;
  return yield* new TaskNotQueued({ taskId, state: now });
});
