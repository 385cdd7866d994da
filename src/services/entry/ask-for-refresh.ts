/**
 * Asks for the refresh of an entry whose old value is served.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import { PRIORITY } from "../../domain/refresh/task.ts";
import type { Source } from "../../domain/source/source.ts";
import { RefreshRequests } from "../refresh/refresh-requests.ts";
import type { Held } from "./entry-memory.ts";
import type { RefreshStanding } from "./entry-store.ts";

/** A stale hit asks for a refresh at most this often from one process. */
const ASK_AGAIN_MILLIS = 2_000;

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
  const { space, key, responseAt } = held.entry;
  const wanted = { space, key, newerThan: responseAt };
  const options = { priority: PRIORITY.normal, told: false };
  return yield* requests.ask(source, wanted, options).pipe(
    Effect.as(true),
    Effect.catchTag(["QueueFull", "StoreUnavailable"], (error) =>
      Effect.sync(() => {
        held.askedUntil = 0;
      }).pipe(Effect.andThen(Effect.logDebug(error.message)), Effect.as(false)),
    ),
  );
});
