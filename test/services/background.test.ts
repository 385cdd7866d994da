import { describe, expect, test } from "bun:test";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as ManagedRuntime from "effect/ManagedRuntime";
import { Background, layer } from "../../src/services/refresh/background.ts";

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
    const startedAt = performance.now();
    await runtime.dispose();
    const exit = await Effect.runPromise(Fiber.await(fiber));
    return { exit: exit._tag, millis: performance.now() - startedAt };
  };

  test("lets what runs finish when the process stops", async () => {
    expect(await stopWith(200)).toMatchObject({ exit: "Success" });
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
