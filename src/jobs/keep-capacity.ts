/**
 * Evicts what the gateway stores beyond its capacity, soon after it was stored.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Schedule from "effect/Schedule";
import { capacityKeeper } from "../services/gateway/keep-capacity.ts";

const PAUSE = "250 millis";

export const layer = Layer.effectDiscard(
  Effect.gen(function* () {
    const turn = yield* capacityKeeper;
    yield* turn.pipe(
      Effect.catchTag("StoreUnavailable", (error) => Effect.logDebug(error.message)),
      Effect.catchCause((cause) => Effect.logError("Eviction died", cause)),
      Effect.repeat(Schedule.spaced(PAUSE)),
      Effect.forkScoped,
    );
  }),
);
