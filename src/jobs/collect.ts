/**
 * Collects what is queued: the interval worker.
 *
 * Each source with work has a lane of its own, so a slow one never holds up another. A
 * lane takes as many tasks as calls are free, and ends when its queue is empty.
 *
 * @module
 */
import * as Cause from "effect/Cause";
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Random from "effect/Random";
import {
  carefulWidth,
  forfeitPauseMillis,
  unreachablePauseMillis,
} from "../domain/refresh/backoff.ts";
import { PRIORITY, type Priority } from "../domain/refresh/task.ts";
import { type Bell, lookUntil, makeBell } from "../services/bell.ts";
import {
  collectSource,
  LEAD_MILLIS,
  type ReadyTask,
  type Turn,
} from "../services/refresh/collect-source.ts";
import { Background } from "../services/refresh/background.ts";
import { learnSource } from "../services/refresh/learn-source.ts";
import { runTask } from "../services/refresh/run-task.ts";
import { TaskQueue } from "../services/refresh/task-queue.ts";
import {
  type KnownSource,
  SourceDirectory,
} from "../services/source/source-directory.ts";

export interface CollectOptions {
  /** Tasks of a worse priority are left to others. */
  readonly worst: Priority;
  /** Most calls that one lane has under way in this process. */
  readonly laneWidth: number;
  readonly intervalMillis: number;
}

/** The whole queue, as a worker does. */
export const everything: CollectOptions = {
  worst: PRIORITY.adaptive,
  laneWidth: 16,
  intervalMillis: 1_000,
};

/** Where the queue is left to workers, whoever waits for a refresh is still served. */
export const whatIsWaitedFor: CollectOptions = { ...everything, worst: PRIORITY.waiting };

/** Works from the moment the layer is built until its scope closes. */
export function layer(options: CollectOptions) {
  return Layer.effectDiscard(
    Effect.gen(function* () {
      const queue = yield* TaskQueue;
      const background = yield* Background;
      const work = makeBell();
      const lanes = new Map<string, Bell>();
      yield* queue.onWork(() => {
        work.ring();
        for (const bell of lanes.values()) bell.ring();
      });

      /** Runs `task` apart from its lane, so that it can finish when the lane is stopped. */
      const start = Effect.fnUntraced(function* (
        known: KnownSource,
        { claimed, first }: ReadyTask,
        ended: () => void,
      ) {
        const run = runTask(known, claimed, first).pipe(
          Effect.catchCause((cause) => Effect.logError("A refresh died", cause)),
        );
        const fiber = yield* background.start(run);
        fiber.addObserver(ended);
      });

      const openLane = Effect.fnUntraced(function* (sourceId: string) {
        if (lanes.has(sourceId)) return;
        const bell = makeBell();
        lanes.set(sourceId, bell);
        yield* lane(sourceId, bell, options, start).pipe(
          Effect.catchCause((cause) =>
            Cause.hasInterruptsOnly(cause)
              ? Effect.void
              : Effect.logWarning(`Lane of "${sourceId}" broke off`, cause).pipe(
                  Effect.andThen(Effect.sleep(options.intervalMillis)),
                ),
          ),
          Effect.ensuring(
            Effect.sync(() => {
              lanes.delete(sourceId);
              // Work may have come between the lane's last look and its end.
              work.ring();
            }),
          ),
          Effect.forkScoped,
        );
      });

      const cycle = Effect.gen(function* () {
        const reclaimed = yield* queue.reclaim;
        if (reclaimed > 0) yield* Effect.logInfo(`Queued ${reclaimed} lost tasks again`);
        yield* Effect.forEach(yield* queue.sourcesWithWork(options.worst), openLane, {
          discard: true,
        });
      }).pipe(
        Effect.catchTag("StoreUnavailable", (error) => Effect.logWarning(error.message)),
        // A cycle that dies must not stop the ones after it.
        Effect.catchCause((cause) =>
          Cause.hasInterruptsOnly(cause)
            ? Effect.interrupt
            : Effect.logError("Cycle failed", cause),
        ),
        Effect.as(false),
      );

      yield* lookUntil(work, options.intervalMillis, cycle).pipe(Effect.forkScoped);
    }),
  );
}

type Start = (
  known: KnownSource,
  task: ReadyTask,
  ended: () => void,
) => Effect.Effect<void, never, Effect.Services<ReturnType<typeof runTask>>>;

/** Takes turns for one source until its queue is empty or the source is gone. */
const lane = Effect.fnUntraced(function* (
  sourceId: string,
  bell: Bell,
  options: CollectOptions,
  start: Start,
) {
  const directory = yield* SourceDirectory;
  const context = yield* Effect.context<Effect.Services<ReturnType<typeof runTask>>>();
  let underWay = 0;
  let failures = 0;

  for (;;) {
    const rung = bell.listen();
    const known = directory.find(sourceId);
    // Deleted, or made a moment ago and not heard of here yet.
    if (known === undefined) return yield* Effect.sleep(options.intervalMillis);
    const begin = (task: ReadyTask) => {
      underWay += 1;
      return start(known, task, () => {
        underWay -= 1;
        bell.ring();
      }).pipe(Effect.provideContext(context));
    };
    const room = carefulWidth(options.laneWidth, failures) - underWay;
    if (room <= 0) {
      yield* rung;
      continue;
    }
    const { worst } = options;
    const turn = yield* collectSource(known, { room, worst, begin });
    if (turn._tag === "Idle" && underWay === 0) return;
    if (turn._tag === "Changed" && (yield* learnSource(known, turn.seq))) continue;
    if (turn._tag === "Claimed") failures = 0;
    if (turn._tag === "Unreachable" || turn._tag === "Forfeit") failures += 1;
    const pause = yield* pauseAfter(turn, failures, options.intervalMillis);
    if (pause === undefined) continue;
    // Whatever rings may have freed a call or queued a task; an upstream that is away it can't help.
    yield* turn._tag === "Unreachable" || turn._tag === "Forfeit"
      ? Effect.sleep(pause)
      : Effect.timeoutOption(rung, pause);
  }
});

/** Milliseconds until the next turn; `undefined` for at once. */
const pauseAfter = Effect.fnUntraced(function* (
  turn: Turn,
  failures: number,
  intervalMillis: number,
) {
  switch (turn._tag) {
    case "Claimed":
      return undefined;
    case "Idle":
    case "Changed":
      return intervalMillis;
    case "Spent": {
      const now = yield* Clock.currentTimeMillis;
      // At least every interval: the limit may be raised, or a cooldown ended, meanwhile.
      return Math.min(Math.max(turn.until - LEAD_MILLIS - now, 1), intervalMillis);
    }
    case "Forfeit":
      return forfeitPauseMillis(failures);
    case "Unreachable":
      return unreachablePauseMillis(failures, yield* Random.next);
  }
});
