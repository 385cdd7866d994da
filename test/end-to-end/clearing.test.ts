import { expect, test } from "bun:test";
import { runClears } from "./clearing.ts";
import { sharedDatabase } from "./places.ts";

test("what was cleared is served by no process, with refreshes in flight", async () => {
  await using place = await sharedDatabase();
  const result = await runClears(place.environment, 72);
  expect([result.violations, result.miscounted]).toEqual([0, 0]);
  const judged = result.trials - result.unreached;
  expect(result.current).toBeGreaterThan(judged * 3);
  expect(result.inFlight).toBeGreaterThan(0);
  expect(judged).toBeGreaterThan(result.trials / 2);
}, 120_000);
