/**
 * Reads a task as it stands now.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import { isTaskId } from "../../domain/refresh/task.ts";
import { TaskNotFound } from "../errors.ts";
import { TaskQueue } from "./task-queue.ts";

export const readTask = Effect.fn("readTask")(function* (taskId: string) {
  const queue = yield* TaskQueue;
  const task = isTaskId(taskId) ? yield* queue.find(taskId) : undefined;
  if (task === undefined) return yield* new TaskNotFound({ taskId });
  return task;
});
