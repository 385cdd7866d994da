/**
 * Asks for the refresh of an entry whose old value is served.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Option from "effect/Option";
import { restingFailure } from "../../domain/refresh/refresh-standing.ts";
import { PRIORITY } from "../../domain/refresh/task.ts";
import type { Source } from "../../domain/source/source.ts";
import { Background } from "../refresh/background.ts";
import { RefreshRequests } from "../refresh/refresh-requests.ts";
import type { Held } from "./entry-memory.ts";

/** A stale hit asks for a refresh at most this often from one process. */
const ASK_AGAIN_MILLIS = 2_000;
/** How long an answer that is in hand waits to say whether the refresh was queued. */
const TELL_MILLIS = 50;

/** Gives whether a refresh is on its way. The answer is in hand: what can't be queued only waits. */
export const askForRefresh = Effect.fnUntraced(function* (
  source: Source,
  held: Held,
  now: number,
) {
  if (restingFailure(held.standing, now) !== undefined) return false;
  if (now < held.askedUntil) return held.askedInVain !== true;
  const background = yield* Background;
  held.askedUntil = now + ASK_AGAIN_MILLIS;
  held.askedInVain = false;
  const asking = yield* background.start(ask(source, held));
  const asked = yield* Effect.timeoutOption(Fiber.join(asking), TELL_MILLIS);
  return Option.getOrElse(asked, () => true);
});

const ask = Effect.fnUntraced(function* (source: Source, held: Held) {
  const requests = yield* RefreshRequests;
  const { space, key, responseAt } = held.entry;
  const wanted = { space, key, newerThan: responseAt };
  const options = { priority: PRIORITY.normal, told: false };
  return yield* requests.ask(source, wanted, options).pipe(
    Effect.as(true),
    Effect.catchTag(["QueueFull", "StoreUnavailable"], (error) =>
      Effect.sync(() => {
        held.askedInVain = true;
      }).pipe(Effect.andThen(Effect.logDebug(error.message)), Effect.as(false)),
    ),
  );
});
