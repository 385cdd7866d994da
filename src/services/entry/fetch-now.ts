/**
 * Asks the upstream for an entry at once, if a call is free.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import { refreshNow } from "../refresh/refresh-now.ts";
import { QuotaSnapshots } from "../quota/quota-snapshots.ts";
import type { Wanted } from "../refresh/task-queue.ts";
import type { KnownSource } from "../source/source-directory.ts";
import { isResting } from "./ask-for-refresh.ts";
import { awaitRefresh } from "./await-refresh.ts";
import { type Held, standingOf } from "./entry-memory.ts";
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
  const { failure } = held.standing;
  if (failure !== undefined && isResting(held.standing, now)) {
    return { _tag: "Failed", failure } satisfies Fetched;
  }
  const snapshots = yield* QuotaSnapshots;
  const { remaining } = yield* snapshots.budgetAt(known.source, now);
  if (remaining === 0 || held.trying) return notNow;
  held.trying = true;
  const { space, key, responseAt } = held.entry;
  return yield* fetchNow(known, { space, key, newerThan: responseAt }, notYet).pipe(
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
 * is as good. `seenAt` as in `awaitRefresh`.
 */
export const callNow = Effect.fnUntraced(function* (
  known: KnownSource,
  wanted: Wanted,
  seenAt: number,
) {
  const millis = known.source.timeoutMillis + ATTEMPTS_MILLIS;
  return yield* fetchNow(
    known,
    wanted,
    awaitRefresh(known, wanted, { seenAt, millis }),
  ).pipe(Effect.timeoutOption(millis), Effect.map(Option.getOrElse(() => notNow)));
});

const notYet = Effect.succeed(notNow);

/** `whenBusy`: the key is being refreshed already, or was a moment ago. */
const fetchNow = Effect.fnUntraced(function* <E, R>(
  known: KnownSource,
  wanted: Wanted,
  whenBusy: Effect.Effect<Fetched, E, R>,
) {
  const end = yield* refreshNow(known, wanted);
  if (end === "Busy") return yield* whenBusy;
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
