import { describe, expect, test } from "bun:test";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as ManagedRuntime from "effect/ManagedRuntime";
import { Background, layer } from "../../src/services/refresh/background.ts";
import { timed } from "../support/moving-clock.ts";

describe("Background", () => {
  /** How long it takes to stop while something runs that ends after `millis`, and how that ended. */
  const stopWith = async (millis: number, patience?: number) => {
    const runtime = ManagedRuntime.make(layer());
    const fiber = await runtime.runPromise(
      Background.use(({ start }) => start(Effect.as(Effect.sleep(millis), "done"))),
    );
    if (patience !== undefined) {
      const deadline = performance.now() + patience;
      await runtime.runPromise(Background.useSync(({ endBy }) => endBy(deadline)));
    }
    const { value: exit, millis: tookMillis } = await timed({}, async () => {
      await runtime.dispose();
      return Effect.runPromise(Fiber.await(fiber));
    });
    return { exit: exit._tag, millis: tookMillis };
  };

  test("lets what runs finish when the process stops", async () => {
    expect(await stopWith(200)).toMatchObject({ exit: "Success" });
  });

  test("lets finish what something that finishes has started", async () => {
    const runtime = ManagedRuntime.make(layer());
    let ended = 0;
    const end = Effect.sync(() => void (ended += 1));
    await runtime.runPromise(
      Background.use(({ start }) => {
        const last = Effect.andThen(Effect.sleep(100), end);
        return start(Effect.andThen(Effect.sleep(100), Effect.andThen(end, start(last))));
      }),
    );

    await runtime.dispose();

    expect(ended).toBe(2);
  });

  test.each([100, -1_000])(
    "interrupts what has not ended %d ms from when the stop began",
    async (patience) => {
      const { exit, millis } = await stopWith(30_000, patience);
      expect(exit).toBe("Failure");
      expect(millis).toBeLessThan(1_500);
    },
  );
});
