/**
 * Reads a task as it stands now.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import { type Caller, seesSource } from "../../domain/access/caller.ts";
import { isTaskId } from "../../domain/refresh/task.ts";
import { TaskNotFound } from "../errors.ts";
import { TaskQueue } from "./task-queue.ts";

/** A task of a source that `caller` may not see is none. */
export const readTask = Effect.fn("readTask")(function* (taskId: string, caller: Caller) {
  const queue = yield* TaskQueue;
  const task = isTaskId(taskId) ? yield* queue.find(taskId) : undefined;
  if (task === undefined || !seesSource(caller, task.sourceId)) {
    return yield* new TaskNotFound({ taskId });
  }
  return task;
});
