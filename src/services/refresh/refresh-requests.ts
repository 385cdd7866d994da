/**
 * Readers' requests for refreshes, queued many at a time.
 *
 * Queueing for one source is done in turn, each waiting for a commit. What is asked for
 * while a turn is under way goes into the next one together: one reader is as quick as
 * before, and a thousand at once take a few turns.
 *
 * @module
 */
import * as Context from "effect/Context";
import * as Deferred from "effect/Deferred";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Layer from "effect/Layer";
import { type Source, spaceOf } from "../../domain/source/source.ts";
import type { QueueFull, StoreUnavailable } from "../errors.ts";
import { CallQuota } from "../quota/call-quota.ts";
import { enqueueRefreshes } from "./enqueue-refreshes.ts";
import {
  type Enqueued,
  type EnqueueOptions,
  TaskQueue,
  type Wanted,
} from "./task-queue.ts";

export class RefreshRequests extends Context.Service<
  RefreshRequests,
  {
    /** As `enqueueRefreshes` of one key. Not part of a transaction of the caller. */
    readonly ask: (
      source: Source,
      wanted: Wanted,
      options: EnqueueOptions,
    ) => Effect.Effect<Enqueued, QueueFull | StoreUnavailable>;
  }
>()("uni-cache/services/RefreshRequests") {}

const MOST_AT_ONCE = 500;

type Answer = Deferred.Deferred<Enqueued, QueueFull | StoreUnavailable>;

/** Requests that one statement can queue. */
interface Line {
  readonly source: Source;
  readonly options: EnqueueOptions;
  readonly waiting: Map<string, { readonly wanted: Wanted; readonly answer: Answer }>;
}

export const layer = Layer.effect(
  RefreshRequests,
  Effect.gen(function* () {
    const context = yield* Effect.context<TaskQueue | CallQuota>();
    const scope = yield* Effect.scope;
    const lines = new Map<string, Line>();

    const enqueue = (source: Source, all: readonly Wanted[], options: EnqueueOptions) =>
      Effect.exit(Effect.provideContext(enqueueRefreshes(source, all, options), context));

    const turn = Effect.fnUntraced(function* ({ source, options, waiting }: Line) {
      const requests = [...waiting.values()].slice(0, MOST_AT_ONCE);
      for (const { wanted } of requests) waiting.delete(wanted.key);
      const all = requests.map(({ wanted }) => wanted);
      const exit = yield* enqueue(source, all, options);
      if (Exit.isFailure(exit) && requests.length > 1) {
        // All or none is not what these asked for: each has its own answer.
        for (const { wanted, answer } of requests) {
          const one = yield* enqueue(source, [wanted], options);
          Deferred.doneUnsafe(answer, first(one, 0));
        }
        return;
      }
      requests.forEach(({ answer }, index) => {
        Deferred.doneUnsafe(answer, first(exit, index));
      });
    });

    const serve = Effect.fnUntraced(function* (name: string, line: Line) {
      while (line.waiting.size > 0) yield* turn(line);
      // In one step with the last look: nobody can join a line that is not served.
      lines.delete(name);
    });

    return RefreshRequests.of({
      ask: (source, wanted, options) =>
        Effect.suspend(() => {
          const { priority, told, explicit = false } = options;
          const name = `${spaceOf(source)} ${priority} ${told} ${explicit}`;
          const line = lines.get(name);
          const waiting = line?.waiting ?? new Map();
          const asked = waiting.get(wanted.key);
          if (asked !== undefined) return Deferred.await(asked.answer);
          const answer: Answer = Deferred.makeUnsafe();
          waiting.set(wanted.key, { wanted, answer });
          if (line !== undefined) return Deferred.await(answer);
          const opened = { source, options, waiting };
          lines.set(name, opened);
          return Effect.forkIn(serve(name, opened), scope).pipe(
            Effect.andThen(Deferred.await(answer)),
          );
        }),
    });
  }),
);

function first<E>(exit: Exit.Exit<readonly Enqueued[], E>, index: number) {
  return Exit.map(exit, (enqueued) => {
    const one = enqueued[index];
    if (one === undefined) throw new Error("Expected a task for each key");
    return one;
  });
}
