/**
 * Gets a newer answer for an entry that is no longer fresh.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import type { Entry } from "../../domain/entry/entry.ts";
import { PRIORITY } from "../../domain/refresh/task.ts";
import type { Source } from "../../domain/source/source.ts";
import { QuotaSnapshots } from "../quota/quota-snapshots.ts";
import { refreshNow } from "../refresh/refresh-now.ts";
import { RefreshRequests } from "../refresh/refresh-requests.ts";
import type { Wanted } from "../refresh/task-queue.ts";
import type { KnownSource } from "../source/source-directory.ts";
import type { Held } from "./entry-memory.ts";
import type { RefreshStanding } from "./entry-store.ts";
import { loadEntry } from "./load-entry.ts";

/** A stale hit asks for a refresh at most this often from one process. */
const ASK_AGAIN_MILLIS = 2_000;
const TRY_FOR = "1 second";

/** The last refresh failed and its back-off runs on: asking again would not help. */
export function isResting({ failure }: RefreshStanding, now: number): boolean {
  return failure !== undefined && now < failure.until;
}

/** Gives whether a refresh is on its way. The answer is in hand: what can't be queued only waits. */
export const askForRefresh = Effect.fnUntraced(function* (
  source: Source,
  held: Held,
  now: number,
) {
  if (isResting(held.standing, now)) return false;
  if (now < held.askedUntil) return true;
  const requests = yield* RefreshRequests;
  held.askedUntil = now + ASK_AGAIN_MILLIS;
  const options = { priority: PRIORITY.normal, told: false };
  return yield* requests.ask(source, wanted(held.entry), options).pipe(
    Effect.as(true),
    Effect.catchTag(["QueueFull", "StoreUnavailable"], (error) =>
      Effect.sync(() => {
        held.askedUntil = 0;
      }).pipe(Effect.andThen(Effect.logDebug(error.message)), Effect.as(false)),
    ),
  );
});

/** `NotNow`: no call is free, or its answer did not come within a moment. */
export type Attempt =
  | { readonly _tag: "Fetched"; readonly held: Held }
  | { readonly _tag: "Failed" }
  | { readonly _tag: "NotNow" };

/** Tries the upstream for a moment, if a call is free. The attempt goes on when that is over. */
export const tryNow = Effect.fnUntraced(function* (
  known: KnownSource,
  held: Held,
  now: number,
) {
  if (isResting(held.standing, now)) return failed;
  const snapshots = yield* QuotaSnapshots;
  const { remaining } = yield* snapshots.budgetAt(known.source, now);
  if (remaining === 0 || held.trying) return notNow;
  held.trying = true;
  return yield* attempt(known, held).pipe(
    Effect.timeoutOption(TRY_FOR),
    Effect.map(Option.getOrElse(() => notNow)),
    Effect.catchTag("StoreUnavailable", () => Effect.succeed(notNow)),
    Effect.ensuring(
      Effect.sync(() => {
        held.trying = false;
      }),
    ),
  );
});

const attempt = Effect.fnUntraced(function* (known: KnownSource, held: Held) {
  const end = yield* refreshNow(known, wanted(held.entry));
  if (end === undefined || end === "Waiting") return notNow;
  if (end === "Failed") return failed;
  const loaded = yield* loadEntry(held.entry);
  if (loaded._tag === "Absent") return notNow;
  const fetched: Attempt = { _tag: "Fetched", held: loaded.held };
  return fetched;
});

const failed: Attempt = { _tag: "Failed" };
const notNow: Attempt = { _tag: "NotNow" };

const wanted = ({ space, key, responseAt }: Entry): Wanted => ({
  space,
  key,
  newerThan: responseAt,
});
