/**
 * Deletes what has expired, now and then.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import { Sweeping } from "../services/sweeping.ts";

const PAUSE = "30 seconds";
const PAUSE_WHILE_MORE = "200 millis";

export const layer = Layer.effectDiscard(
  Effect.gen(function* () {
    const { sweep } = yield* Sweeping;
    const step = sweep.pipe(
      Effect.catchTag("StoreUnavailable", () => Effect.succeed(false)),
      Effect.catchDefect((defect) =>
        Effect.as(Effect.logError("Sweep failed", defect), false),
      ),
    );
    yield* step.pipe(
      Effect.flatMap((more) => Effect.sleep(more ? PAUSE_WHILE_MORE : PAUSE)),
      Effect.forever,
      Effect.forkScoped,
    );
  }),
);
