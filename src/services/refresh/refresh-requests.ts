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
import { EntryStore } from "../entry/entry-store.ts";
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
  readonly waiting: Map<string, Request>;
}

interface Request {
  readonly wanted: Wanted;
  readonly answer: Answer;
}

export const layer = Layer.effect(
  RefreshRequests,
  Effect.gen(function* () {
    const queue = yield* TaskQueue;
    const store = yield* EntryStore;
    const context = yield* Effect.context<TaskQueue | CallQuota>();
    const scope = yield* Effect.scope;
    const lines = new Map<string, Line>();

    const enqueue = (
      source: Source,
      requests: readonly Request[],
      options: EnqueueOptions,
    ) =>
      requests.length === 0
        ? Effect.succeed(Exit.succeed<readonly Enqueued[]>([]))
        : enqueueRefreshes(source, idsOf(requests), options).pipe(
            Effect.provideContext(context),
            Effect.exit,
          );

    const turn = Effect.fnUntraced(function* ({ source, options, waiting }: Line) {
      const requests = [...waiting.values()].slice(0, MOST_AT_ONCE);
      for (const { wanted } of requests) waiting.delete(wanted.key);
      const exit = yield* enqueue(source, requests, options);
      if (Exit.isSuccess(exit) || requests.length === 1) return answerAll(requests, exit);
      // All or none is not what these asked for. Who has a task already needs no room.
      const standings = yield* Effect.exit(store.standings(idsOf(requests)));
      if (Exit.isFailure(standings)) return answerAll(requests, standings);
      const hasTask = (_: Request, index: number) =>
        standings.value[index]?.task !== undefined;
      const known = requests.filter(hasTask);
      const others = requests.filter((request, index) => !hasTask(request, index));
      answerAll(known, yield* enqueue(source, known, options));
      const length = yield* Effect.exit(queue.queuedUpTo(source, source.maxQueue));
      const room = Exit.isSuccess(length) ? source.maxQueue - length.value : 0;
      const fitting = others.slice(0, room);
      answerAll(fitting, yield* enqueue(source, fitting, options));
      answerAll(others.slice(room), exit);
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
          if (asked !== undefined) {
            waiting.set(wanted.key, { ...asked, wanted: both(asked.wanted, wanted) });
            return Deferred.await(asked.answer);
          }
          const answer: Answer = Deferred.makeUnsafe();
          waiting.set(wanted.key, { wanted, answer });
          if (line !== undefined) return Deferred.await(answer);
          const opened = { source, options, waiting };
          lines.set(name, opened);
          // Once the line is open it must be served, whoever goes.
          return Effect.uninterruptible(Effect.forkIn(serve(name, opened), scope)).pipe(
            Effect.andThen(Deferred.await(answer)),
          );
        }),
    });
  }),
);

const idsOf = (requests: readonly Request[]) => requests.map(({ wanted }) => wanted);

/** Of two readers who saw different entries the call must be new to both. */
function both(one: Wanted, other: Wanted): Wanted {
  const newerThan =
    one.newerThan === undefined || other.newerThan === undefined
      ? undefined
      : Math.max(one.newerThan, other.newerThan);
  return { ...one, newerThan };
}

function answerAll<E extends QueueFull | StoreUnavailable>(
  requests: readonly Request[],
  exit: Exit.Exit<readonly unknown[], E>,
): void {
  requests.forEach(({ answer }, index) => {
    const one = Exit.map(exit, (enqueued) => {
      // Safe because what succeeds here is what was queued, one for each request.
      const task = enqueued[index] as Enqueued | undefined;
      if (task === undefined) throw new Error("Expected a task for each key");
      return task;
    });
    Deferred.doneUnsafe(answer, one);
  });
}
