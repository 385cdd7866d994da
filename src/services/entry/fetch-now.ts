/**
 * Asks the upstream for an entry at once, if a call is free.
 *
 * @module
 */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import { budgetAt } from "../../domain/quota/budget.ts";
import { restingFailure } from "../../domain/refresh/refresh-standing.ts";
import { PRIORITY } from "../../domain/refresh/task.ts";
import { CallQuota } from "../quota/call-quota.ts";
import { QuotaSnapshots } from "../quota/quota-snapshots.ts";
import { type NowEnd, RefreshNow } from "../refresh/refresh-now.ts";
import type { Wanted } from "../refresh/task-queue.ts";
import type { KnownSource } from "../source/source-directory.ts";
import { awaitRefresh } from "./await-refresh.ts";
import { type Held, type Loaded, standingOf } from "./entry-memory.ts";
import { type Fetched, notNow } from "./fetched.ts";
import { loadEntry } from "./load-entry.ts";

const TRY_MILLIS = 1_000;
/** What a refresh may take besides its last call: its earlier attempts. */
const ATTEMPTS_MILLIS = 5_000;

/**
 * Tries for a moment, for an entry whose old value is at hand. The attempt goes on when
 * that is over.
 */
export const tryNow = Effect.fnUntraced(function* (
  known: KnownSource,
  held: Held,
  now: number,
) {
  const failure = restingFailure(held.standing, now);
  if (failure !== undefined) return { _tag: "Failed", failure } satisfies Fetched;
  const snapshots = yield* QuotaSnapshots;
  const { remaining } = yield* snapshots.budgetAt(known.source, now);
  if (remaining === 0 || held.trying) return notNow;
  const refreshes = yield* RefreshNow;
  const { space, key, responseAt } = held.entry;
  const wanted = { space, key, newerThan: responseAt };
  held.trying = true;
  return yield* refreshes.now(known, wanted, PRIORITY.high).pipe(
    Effect.flatMap((end) =>
      end === "Busy" ? Effect.succeed(notNow) : fetched(wanted, end),
    ),
    Effect.timeoutOption(TRY_MILLIS),
    Effect.map(Option.getOrElse(() => notNow)),
    Effect.catchTag("StoreUnavailable", () => Effect.succeed(notNow)),
    Effect.ensuring(
      Effect.sync(() => {
        held.trying = false;
      }),
    ),
  );
});

/**
 * Calls in any case, and waits for the end of it. A refresh of the key that runs already
 * is as good. `seen` as in `awaitRefresh`.
 */
export const callNow = Effect.fnUntraced(function* (
  known: KnownSource,
  wanted: Wanted,
  seen: Loaded,
) {
  // Before any connection is made for it.
  if (!(yield* isCallFree(known))) return notNow;
  const refreshes = yield* RefreshNow;
  const millis = known.source.timeoutMillis + ATTEMPTS_MILLIS;
  const wait = { seen, millis, onlyRunning: true };
  return yield* refreshes.now(known, wanted, PRIORITY.waiting).pipe(
    Effect.flatMap((end) =>
      end === "Busy" ? awaitRefresh(known, wanted, wait) : fetched(wanted, end),
    ),
    Effect.timeoutOption(millis),
    Effect.map(Option.getOrElse(() => notNow)),
  );
});

const isCallFree = Effect.fnUntraced(function* ({ source }: KnownSource) {
  const quota = yield* CallQuota;
  const now = yield* Clock.currentTimeMillis;
  const record = (yield* quota.look([source.id])).get(source.id);
  return budgetAt(source.rateLimit, record, now).remaining > 0;
});

const fetched = Effect.fnUntraced(function* (
  wanted: Wanted,
  end: Exclude<NowEnd, "Busy">,
) {
  if (end === "NoCallFree" || end === "Waiting") return notNow;
  const loaded = yield* loadEntry(wanted);
  if (end === "Failed") {
    const { failure } = standingOf(loaded);
    return failure === undefined ? notNow : ({ _tag: "Failed", failure } as const);
  }
  return loaded._tag === "Absent"
    ? notNow
    : ({ _tag: "Fetched", held: loaded.held, collapsed: false } as const);
});
