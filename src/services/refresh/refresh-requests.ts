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
import { queueFull } from "./enqueue-refreshes.ts";
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
    const context = yield* Effect.context<CallQuota>();
    const full = (source: Source) => Effect.provideContext(queueFull(source), context);
    const scope = yield* Effect.scope;
    const lines = new Map<string, Line>();

    const turn = Effect.fnUntraced(function* ({ source, options, waiting }: Line) {
      const requests = [...waiting.values()].slice(0, MOST_AT_ONCE);
      for (const { wanted } of requests) waiting.delete(wanted.key);
      const wanted = requests.map((request) => request.wanted);
      const exit = yield* Effect.exit(queue.enqueueFitting(source, wanted, options));
      // Judged once for all who are refused.
      const isFull = Exit.isSuccess(exit) && exit.value.includes(undefined);
      const refusal = isFull ? yield* Effect.exit(full(source)) : Exit.die("Not full");
      requests.forEach(({ answer }, index) => {
        const mine = Effect.flatMap(exit, (tasks) => {
          const task = tasks[index];
          return task === undefined ? refusal : Effect.succeed(task);
        });
        Deferred.doneUnsafe(answer, mine);
      });
    });

    const serve = Effect.fnUntraced(function* (name: string, line: Line) {
      while (line.waiting.size > 0) yield* turn(line);
      // In one step with the last look: nobody can join a line that is not served.
      lines.delete(name);
    });

    return RefreshRequests.of({
      ask: (source, wanted, options) =>
        // Once a line is open it must be served, whoever goes.
        Effect.uninterruptibleMask((restore) => {
          const { priority, told, explicit = false } = options;
          const name = `${spaceOf(source)} ${priority} ${told} ${explicit}`;
          const line = lines.get(name);
          const waiting = line?.waiting ?? new Map<string, Request>();
          const asked = waiting.get(wanted.key);
          if (asked !== undefined) {
            waiting.set(wanted.key, { ...asked, wanted: both(asked.wanted, wanted) });
            return restore(Deferred.await(asked.answer));
          }
          const answer: Answer = Deferred.makeUnsafe();
          waiting.set(wanted.key, { wanted, answer });
          const answered = restore(Deferred.await(answer));
          if (line !== undefined) return answered;
          const opened = { source, options, waiting };
          lines.set(name, opened);
          return Effect.andThen(Effect.forkIn(serve(name, opened), scope), answered);
        }),
    });
  }),
);

/** Of two readers who saw different entries the call must be new to both. */
function both(one: Wanted, other: Wanted): Wanted {
  const newerThan =
    one.newerThan === undefined || other.newerThan === undefined
      ? undefined
      : Math.max(one.newerThan, other.newerThan);
  return { ...one, newerThan };
}
