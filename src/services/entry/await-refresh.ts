/**
 * Has an entry refreshed before all others, and waits for it.
 *
 * However many wait for one key, in however many processes, the call is one.
 *
 * @module
 */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import { PRIORITY } from "../../domain/refresh/task.ts";
import { RefreshRequests } from "../refresh/refresh-requests.ts";
import type { Wanted } from "../refresh/task-queue.ts";
import type { KnownSource } from "../source/source-directory.ts";
import { answeredAt, type Loaded, standingOf } from "./entry-memory.ts";
import { EntryWaiters, type WaitingPlace } from "./entry-waiters.ts";
import { type Fetched, notNow } from "./fetched.ts";
import { loadEntry } from "./load-entry.ts";

export interface Wait {
  /** What the caller knows: something newer is waited for. */
  readonly seen: Loaded;
  readonly millis: number;
  /** As in `EnqueueOptions`. */
  readonly explicit?: boolean;
  /** Only a refresh that runs is worth waiting for. */
  readonly onlyRunning?: boolean;
  /** Ends when the caller has gone, though what it asked for goes on. */
  readonly gone?: Effect.Effect<unknown>;
}

/** `NotNow` also where nobody may wait any more, or the queue has no room. */
export const awaitRefresh = Effect.fn("awaitRefresh")(
  function* (known: KnownSource, wanted: Wanted, wait: Wait) {
    const waiters = yield* EntryWaiters;
    const place = yield* waiters.enter(wanted);
    if (place === undefined) return notNow;
    return yield* waitAt(place, known, wanted, wait).pipe(
      Effect.onInterrupt(() => Effect.sync(place.abandon)),
    );
  },
  Effect.scoped,
  Effect.catchTag("QueueFull", () => Effect.succeed(notNow)),
);

const waitAt = Effect.fnUntraced(function* (
  place: WaitingPlace,
  { source }: KnownSource,
  wanted: Wanted,
  wait: Wait,
) {
  const waiters = yield* EntryWaiters;
  const requests = yield* RefreshRequests;
  const deadline = (yield* Clock.currentTimeMillis) + wait.millis;
  const left = Effect.map(Clock.currentTimeMillis, (now) => Math.max(0, deadline - now));
  const gone = wait.gone ?? Effect.never;

  let rung = place.bell.listen();
  const asked = yield* requests
    .ask(source, wanted, {
      priority: PRIORITY.waiting,
      told: false,
      explicit: wait.explicit ?? false,
    })
    .pipe(Effect.timeoutOption(yield* left));
  if (Option.isNone(asked)) return notNow;
  if (wait.onlyRunning === true && asked.value.state === "queued") {
    place.abandon();
    return notNow;
  }

  for (;;) {
    const heard = yield* Effect.timeoutOption(Effect.race(rung, gone), yield* left);
    rung = place.bell.listen();
    // A store that is away tells nothing new; it may be back before the deadline.
    const loaded = yield* Effect.catchTag(loadEntry(wanted), "StoreUnavailable", () =>
      Effect.succeed(undefined),
    );
    const fetched = loaded && judge(loaded, wait, !asked.value.made);
    if (fetched !== undefined) return fetched;
    if (Option.isNone(heard) || waiters.isDismissed()) return notNow;
    if (wait.gone !== undefined && (yield* isOver(wait.gone))) {
      place.abandon();
      return notNow;
    }
  }
});

const isOver = (effect: Effect.Effect<unknown>) =>
  Effect.map(Effect.timeoutOption(effect, 0), Option.isSome);

/** `undefined` while the refresh goes on. One that is gone, as by a cancel, is waited for no more. */
function judge(
  loaded: Loaded,
  { seen, onlyRunning = false }: Wait,
  collapsed: boolean,
): Fetched | undefined {
  if (loaded._tag === "Held" && answeredAt(loaded) > answeredAt(seen)) {
    return { _tag: "Fetched", held: loaded.held, collapsed };
  }
  const { task, failure } = standingOf(loaded);
  const knownFailure = standingOf(seen).failure?.failedAt ?? 0;
  if (failure !== undefined && failure.failedAt > knownFailure) {
    return { _tag: "Failed", failure };
  }
  return task === undefined || (onlyRunning && task.state === "queued")
    ? notNow
    : undefined;
}
