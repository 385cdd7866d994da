/**
 * One collection cycle by hand: takes what calls are free for, and waits for its end.
 *
 * It takes turns like any worker, so no task is done twice.
 *
 * @module
 */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Option from "effect/Option";
import { carefulWidth, forfeitPauseMillis } from "../../domain/refresh/backoff.ts";
import { PRIORITY } from "../../domain/refresh/task.ts";
import type { QueueFull, StoreUnavailable } from "../errors.ts";
import { type KnownSource, SourceDirectory } from "../source/source-directory.ts";
import { Background } from "./background.ts";
import { collectSource, type ReadyTask } from "./collect-source.ts";
import { learnSource } from "./learn-source.ts";
import { runTask, type TaskEnd } from "./run-task.ts";

/** Most calls of one source that a cycle has under way. */
const WIDTH = 16;

export interface CycleOptions {
  /** The most tasks to take. */
  readonly most: number;
  /** Nothing is begun after this instant (Unix ms). */
  readonly until: number;
  /** Queued together with the first claim, so that no one else takes it. */
  readonly intake?: Effect.Effect<void, QueueFull | StoreUnavailable> | undefined;
}

/** What became of the tasks that were taken; those still under way are in none of the last three. */
export interface CycleCount {
  dequeued: number;
  updated: number;
  notModified: number;
  errors: number;
}

/**
 * Ends at `until` or when nothing is left to do, but waits for what it began, until one
 * call's time after `until`.
 */
export const runCycle = Effect.fn("runCycle")(function* (
  started: KnownSource,
  { most, until, intake }: CycleOptions,
) {
  const directory = yield* SourceDirectory;
  const background = yield* Background;
  const context = yield* Effect.context<Effect.Services<ReturnType<typeof runTask>>>();
  const count: CycleCount = { dequeued: 0, updated: 0, notModified: 0, errors: 0 };
  const underWay = new Set<Fiber.Fiber<TaskEnd>>();
  const beginOf =
    (known: KnownSource) =>
    ({ claimed, first }: ReadyTask) =>
      Effect.gen(function* () {
        count.dequeued += 1;
        const run = Effect.tap(runTask(known, claimed, first), (end) =>
          Effect.sync(() => note(count, end)),
        );
        const fiber = yield* background.start(run);
        underWay.add(fiber);
        fiber.addObserver(() => underWay.delete(fiber));
      }).pipe(Effect.provideContext(context));

  let queuing = intake;
  let forfeits = 0;
  for (;;) {
    const now = yield* Clock.currentTimeMillis;
    const width = carefulWidth(WIDTH, forfeits);
    const room = Math.min(width - underWay.size, most - count.dequeued);
    if (now >= until || most === count.dequeued) break;
    if (room <= 0) {
      yield* Effect.timeoutOption(anyOf(underWay), until - now);
      continue;
    }
    // Its limit may have been changed; its keys are others once it has another space.
    const known = directory.find(started.source.id);
    if (known?.space !== started.space) break;
    const begin = beginOf(known);
    const request = { room, worst: PRIORITY.adaptive, begin, until, intake: queuing };
    const turn = yield* collectSource(known, request);
    queuing = undefined;
    if (turn._tag === "Claimed") {
      forfeits = 0;
      continue;
    }
    if (turn._tag === "Forfeit") {
      forfeits += 1;
      yield* Effect.sleep(Math.min(forfeitPauseMillis(forfeits), until - now));
      continue;
    }
    if (turn._tag === "Changed") {
      const learning = learnSource(known, turn.seq);
      const left = until - (yield* Clock.currentTimeMillis);
      const learnt = yield* Effect.timeoutOption(learning, Math.max(0, left));
      if (Option.getOrUndefined(learnt) !== undefined) continue;
      break;
    }
    if (turn._tag === "Spent" && turn.until < until) {
      yield* Effect.sleep(Math.max(1, turn.until - (yield* Clock.currentTimeMillis)));
      continue;
    }
    break;
  }
  if (queuing !== undefined) yield* queuing;
  const deadline = until + started.source.timeoutMillis;
  const left = Math.max(0, deadline - (yield* Clock.currentTimeMillis));
  yield* Effect.timeoutOption(Fiber.awaitAll([...underWay]), left);
  return count;
});

const anyOf = (fibers: ReadonlySet<Fiber.Fiber<TaskEnd>>) =>
  Effect.raceAll([...fibers].map((fiber) => Fiber.await(fiber)));

function note(count: CycleCount, end: TaskEnd): void {
  switch (end) {
    case "Updated":
      count.updated += 1;
      return;
    case "NotModified":
      count.notModified += 1;
      return;
    case "Failed":
      count.errors += 1;
      return;
    case "Waiting":
      // Another takes it from the queue again.
      count.dequeued -= 1;
      return;
  }
}
