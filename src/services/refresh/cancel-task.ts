/**
 * Cancels a task that no one has begun.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import type { Caller } from "../../domain/access/caller.ts";
import { Audit } from "../audit/audit.ts";
import { TaskNotQueued } from "../errors.ts";
import { Transaction } from "../transaction.ts";
import { readTask } from "./read-task.ts";
import { TaskQueue } from "./task-queue.ts";

/** Fails with `TaskNotQueued` for one that runs or has ended. */
export const cancelTask = Effect.fn("cancelTask")(function* (
  taskId: string,
  caller: Caller,
) {
  const { together } = yield* Transaction;
  const queue = yield* TaskQueue;
  const audit = yield* Audit;
  const { state } = yield* readTask(taskId, caller);
  const cancel = Effect.gen(function* () {
    const cancelled = yield* queue.cancel(taskId);
    if (cancelled) yield* audit.record({ action: "task.cancel", target: taskId });
    return cancelled;
  });
  if (yield* together("cancelTask", cancel)) return yield* readTask(taskId, caller);
  const now = state === "queued" ? (yield* readTask(taskId, caller)).state : state;
  return yield* new TaskNotQueued({ taskId, state: now });
});
