/**
 * Runs what must go on when nobody waits for it any more.
 *
 * When the process stops, what runs may finish for a while; the rest is interrupted.
 *
 * @module
 */
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Layer from "effect/Layer";
import { monotonicMillis } from "../quota/permit.ts";

export class Background extends Context.Service<
  Background,
  {
    /** Starts `effect`; its fiber can be waited for, and waiting can be given up. */
    readonly start: <A, E, R>(
      effect: Effect.Effect<A, E, R>,
    ) => Effect.Effect<Fiber.Fiber<A, E>, never, R>;
    /** The process stops, and all of it must have ended by then (monotonic milliseconds). */
    readonly endBy: (deadline: number) => void;
  }
>()("uni-cache/services/Background") {}

/** `drainMillis`: how long what runs may take to finish when the process stops. */
export const layer = (drainMillis = 10_000) =>
  Layer.effect(
    Background,
    Effect.gen(function* () {
      const running = new Set<Fiber.Fiber<unknown, unknown>>();
      let deadline = Infinity;
      yield* Effect.addFinalizer(
        Effect.fnUntraced(function* () {
          const left = Math.max(0, deadline - (yield* monotonicMillis));
          yield* drain(running, Math.min(drainMillis, left));
        }),
      );
      return Background.of({
        start: (effect) =>
          Effect.map(Effect.forkDetach(effect), (fiber) => {
            running.add(fiber);
            fiber.addObserver(() => running.delete(fiber));
            return fiber;
          }),
        endBy: (instant) => {
          deadline = instant;
        },
      });
    }),
  );

const drain = Effect.fnUntraced(function* (
  running: ReadonlySet<Fiber.Fiber<unknown, unknown>>,
  millis: number,
) {
  // What runs may start more.
  const allEnded = Effect.suspend(() => Fiber.awaitAll([...running])).pipe(
    Effect.repeat({ while: () => running.size > 0 }),
  );
  yield* Effect.timeoutOption(allEnded, millis);
  yield* Fiber.interruptAll([...running]);
});
