/**
 * A bell that many may wait for; each ring wakes all who listen.
 *
 * Listen before looking, then wait: a ring in between is not missed.
 *
 * @module
 */
import * as Deferred from "effect/Deferred";
import type * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";

export interface Bell {
  readonly ring: () => void;
  /** An effect that ends at the first ring after this call. */
  readonly listen: () => Effect.Effect<void>;
}

export function makeBell(): Bell {
  let next = Deferred.makeUnsafe<void>();
  return {
    ring: () => {
      const rung = next;
      next = Deferred.makeUnsafe<void>();
      Deferred.doneUnsafe(rung, Effect.void);
    },
    listen: () => Deferred.await(next),
  };
}

/** Looks again and again, at every ring and after every `pause`, until `look` gives `true`. */
export const lookUntil = Effect.fnUntraced(function* <E, R>(
  bell: Bell,
  pause: Duration.Input,
  look: Effect.Effect<boolean, E, R>,
) {
  for (;;) {
    const rung = bell.listen();
    if (yield* look) return;
    yield* Effect.timeoutOption(rung, pause);
  }
});
