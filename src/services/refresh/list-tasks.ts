/**
 * Lists tasks, newest first, a page at a time.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import { cutPage, type PageAsked } from "../../domain/page.ts";
import type { TaskState } from "../../domain/refresh/task.ts";
import { cursorAfter, lastBefore } from "../access/cursor.ts";
import { SourceNotFound } from "../errors.ts";
import { knownSource } from "../source/source-directory.ts";
import { TaskQueue } from "./task-queue.ts";

export interface TasksAsked extends PageAsked {
  readonly state: TaskState | undefined;
  readonly sourceId: string | undefined;
  /** The only sources whose tasks may be told of; `undefined`: any. */
  readonly within: readonly string[] | undefined;
}

export const listTasks = Effect.fn("listTasks")(function* (asked: TasksAsked) {
  const queue = yield* TaskQueue;
  const { state, sourceId, within } = asked;
  if (sourceId !== undefined) {
    if (within?.includes(sourceId) === false)
      return yield* new SourceNotFound({ sourceId });
    yield* knownSource(sourceId);
  }
  const sourceIds = sourceId === undefined ? within : [sourceId];
  const list = ["tasks", state ?? null, ...(sourceIds ?? [])] as const;
  const before = yield* lastBefore(list, asked.cursor);
  const rows = yield* queue.list({ state, sourceIds, before }, asked.limit + 1);
  const { items, last } = cutPage(rows, asked.limit);
  return { tasks: items, nextCursor: yield* cursorAfter(list, last?.id) };
});
