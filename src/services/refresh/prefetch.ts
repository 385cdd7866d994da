/**
 * Queues the refresh of many keys, fresh ones too.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import type { Priority } from "../../domain/refresh/task.ts";
import { type KeyItem, keysOf } from "../source/read-keys.ts";
import { type KnownSource, knownSource } from "../source/source-directory.ts";
import { enqueueRefreshes } from "./enqueue-refreshes.ts";

/** A key of the request with its task; `made`: it was not unfinished before, nor named earlier. */
export interface Prefetched {
  readonly key: string;
  readonly taskId: string;
  readonly made: boolean;
}

/** All or none of `items`, in their order. */
export const prefetch = Effect.fn("prefetch")(function* (
  sourceId: string,
  items: readonly KeyItem[],
  priority: Priority,
) {
  const known = yield* knownSource(sourceId);
  const keys = yield* keysOf(known, items, "keys");
  return yield* prefetchKeys(known, keys, priority);
});

export const prefetchKeys = Effect.fnUntraced(function* (
  { source, space }: KnownSource,
  keys: readonly string[],
  priority: Priority,
) {
  const distinct = [...new Set(keys)];
  const wanted = distinct.map((key) => ({ space, key }));
  const options = { priority, told: true, explicit: true };
  const tasks = yield* enqueueRefreshes(source, wanted, options);
  const made = new Map(distinct.map((key, index) => [key, tasks[index]]));
  const named = new Set<string>();
  return keys.map((key): Prefetched => {
    const task = made.get(key);
    if (task === undefined) throw new Error("Expected a task for each key");
    const isFirst = !named.has(key);
    named.add(key);
    return { key, taskId: task.taskId, made: task.made && isFirst };
  });
});
