import { expect, test } from "bun:test";
import { runClears } from "./clearing.ts";
import { sharedDatabase } from "./places.ts";

test("what was cleared is served by no process, with refreshes in flight", async () => {
  await using place = await sharedDatabase();
  const result = await runClears(place.environment, 72);
  expect([result.violations, result.miscounted]).toEqual([0, 0]);
  expect(result.current).toBeGreaterThan(result.trials * 3);
  expect(result.inFlight).toBeGreaterThan(0);
}, 90_000);
