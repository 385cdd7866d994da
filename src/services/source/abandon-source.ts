/**
 * Gives up all that was collected of a source, and what waits to be.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import { type Source, spaceOf } from "../../domain/source/source.ts";
import { EntryStore } from "../entry/entry-store.ts";
import { TaskQueue } from "../refresh/task-queue.ts";

export const abandonSource = Effect.fnUntraced(function* (source: Source) {
  const entries = yield* EntryStore;
  const queue = yield* TaskQueue;
  yield* queue.cancelAll(source.id);
  yield* entries.abandon(spaceOf(source));
});
