/**
 * Runs a collection cycle by hand, of one source or of all.
 *
 * @module
 */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import { PRIORITY } from "../../domain/refresh/task.ts";
import { CallQuota } from "../quota/call-quota.ts";
import { type KeyItem, keysOf } from "../source/read-keys.ts";
import {
  type KnownSource,
  knownSource,
  SourceDirectory,
} from "../source/source-directory.ts";
import { type Prefetched, prefetchKeys } from "./prefetch.ts";
import { type CycleCount, runCycle } from "./run-cycle.ts";
import { TaskQueue } from "./task-queue.ts";

/** More would stand in each other's way at the store. */
const SOURCES_AT_ONCE = 16;

export interface RunRequest {
  /** `undefined`: every source. */
  readonly sourceId: string | undefined;
  /** Queued first, where the source is named and nothing of it waits. */
  readonly items: readonly KeyItem[] | undefined;
  readonly maxPerSource: number;
  readonly timeBudgetMillis: number;
}

export interface RunReport {
  readonly perSource: ReadonlyMap<string, CycleCount>;
  /** `undefined` where no keys were queued. */
  readonly prefetched: readonly Prefetched[] | undefined;
  readonly queuedBefore: number;
  readonly queuedAfterEnqueue: number;
  readonly queuedAfter: number;
  readonly durationMillis: number;
}

export const runTasks = Effect.fn("runTasks")(function* (request: RunRequest) {
  const startedAt = yield* Clock.currentTimeMillis;
  const { sourceId, items, maxPerSource: most } = request;
  const until = startedAt + request.timeBudgetMillis;
  const sources = yield* sourcesOf(sourceId);
  const keys = yield* keysFor(sources, items);

  const lengths = yield* lengthsOf(sources);
  const queuedBefore = sum(lengths);
  let prefetched: readonly Prefetched[] | undefined;
  const intakeOf = Effect.fnUntraced(function* (known: KnownSource) {
    if (keys === undefined || queuedBefore > 0) return undefined;
    const context = yield* Effect.context<TaskQueue | CallQuota>();
    return prefetchKeys(known, keys, PRIORITY.normal).pipe(
      Effect.map((made) => {
        prefetched = made;
      }),
      Effect.provideContext(context),
    );
  });
  const counts = yield* Effect.forEach(
    sources,
    Effect.fnUntraced(function* (known) {
      const intake = yield* intakeOf(known);
      if (intake === undefined && !lengths.has(known.space)) return NONE;
      return yield* runCycle(known, { most, until, intake });
    }),
    { concurrency: SOURCES_AT_ONCE },
  );
  const made = prefetched?.filter((one) => one.made).length ?? 0;
  return {
    perSource: new Map(sources.map(({ source }, at) => [source.id, counts[at] ?? NONE])),
    prefetched,
    queuedBefore,
    queuedAfterEnqueue: queuedBefore + made,
    queuedAfter: sum(yield* lengthsOf(sources)),
    durationMillis: (yield* Clock.currentTimeMillis) - startedAt,
  } satisfies RunReport;
});

const NONE: CycleCount = { dequeued: 0, updated: 0, notModified: 0, errors: 0 };

const sourcesOf = Effect.fnUntraced(function* (sourceId: string | undefined) {
  if (sourceId !== undefined) return [yield* knownSource(sourceId)];
  return (yield* SourceDirectory).all();
});

/** Bad keys are refused even where they would not be queued. */
const keysFor = Effect.fnUntraced(function* (
  [known]: readonly KnownSource[],
  items: readonly KeyItem[] | undefined,
) {
  return items === undefined || known === undefined
    ? undefined
    : yield* keysOf(known, items, "keys");
});

const lengthsOf = Effect.fnUntraced(function* (sources: readonly KnownSource[]) {
  const queue = yield* TaskQueue;
  return yield* queue.queueLengths(sources.map(({ space }) => space));
});

const sum = (lengths: ReadonlyMap<string, number>) =>
  [...lengths.values()].reduce((total, length) => total + length, 0);
