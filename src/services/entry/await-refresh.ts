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
import type { Loaded } from "./entry-memory.ts";
import { standingOf } from "./entry-memory.ts";
import { EntryWaiters } from "./entry-waiters.ts";
import { type Fetched, notNow } from "./fetched.ts";
import { loadEntry } from "./load-entry.ts";

export interface Wait {
  /** When the entry that the caller knows was answered, 0 where there is none. */
  readonly seenAt: number;
  readonly millis: number;
  /** As in `EnqueueOptions`. */
  readonly explicit?: boolean;
}

/** `NotNow` also where nobody may wait any more, or the queue has no room. */
export const awaitRefresh = Effect.fn("awaitRefresh")(
  function* ({ source }: KnownSource, wanted: Wanted, wait: Wait) {
    const waiters = yield* EntryWaiters;
    const requests = yield* RefreshRequests;
    const askedAt = yield* Clock.currentTimeMillis;
    const deadline = askedAt + wait.millis;

    const bell = yield* waiters.enter(wanted);
    if (bell === undefined) return notNow;
    let rung = bell.listen();
    const { made } = yield* requests.ask(source, wanted, {
      priority: PRIORITY.waiting,
      told: false,
      explicit: wait.explicit ?? false,
    });
    for (;;) {
      const left = deadline - (yield* Clock.currentTimeMillis);
      const heard = yield* Effect.timeoutOption(rung, Math.max(0, left));
      rung = bell.listen();
      const loaded = yield* loadEntry(wanted);
      const fetched = judge(loaded, wait.seenAt, askedAt, !made);
      if (fetched !== undefined) return fetched;
      if (Option.isNone(heard)) return notNow;
    }
  },
  Effect.scoped,
  Effect.catchTag("QueueFull", () => Effect.succeed(notNow)),
);

/** `undefined` while the refresh goes on. One that is gone, as by a cancel, is waited for no more. */
function judge(
  loaded: Loaded,
  seenAt: number,
  askedAt: number,
  collapsed: boolean,
): Fetched | undefined {
  if (loaded._tag === "Held" && loaded.held.entry.responseAt > seenAt) {
    return { _tag: "Fetched", held: loaded.held, collapsed };
  }
  const { task, failure } = standingOf(loaded);
  if (failure !== undefined && failure.failedAt >= askedAt) {
    return { _tag: "Failed", failure };
  }
  return task === undefined ? notNow : undefined;
}
