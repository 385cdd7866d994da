import { expect, test } from "bun:test";
import { runInvalidations } from "./invalidation.ts";
import { sharedDatabase } from "./places.ts";

test("what was invalidated is served by no process, with refreshes in flight", async () => {
  await using place = await sharedDatabase();
  const result = await runInvalidations(place.environment, 80);
  expect(result.violations).toBe(0);
  // Every process gave what holds now to the reader that waited for it.
  const judged = result.trials - result.unreached;
  expect(result.current).toBeGreaterThanOrEqual(judged * 4);
  expect(result.inFlight).toBeGreaterThan(0);
  expect(judged).toBeGreaterThan(result.trials / 2);
}, 120_000);
