import { describe, expect, test } from "bun:test";
import { type Answer, countingUpstream, json } from "../support/counting-upstream.ts";
import { logArrivals } from "./arrivals.ts";
import { CALLS_PER_SECOND, makeSource, runRound } from "./crash-recovery.ts";
import { dataFolder } from "./places.ts";

/** Those of the first second soon; those after it are still under way when all are killed. */
function soonThenLate(): Answer {
  let calls = 0;
  return (request, response) => {
    calls += 1;
    const millis = calls > CALLS_PER_SECOND ? 4_000 : 100;
    setTimeout(() => json({ path: request.url })(request, response), millis);
  };
}

describe("every process killed in the middle of collecting", () => {
  test("loses no entry, leaves no task behind and keeps the quota", async () => {
    await using folder = await dataFolder();
    await using upstream = await countingUpstream();
    using log = logArrivals(upstream, soonThenLate());
    const place = { dataDir: folder.path, upstream, log };
    await makeSource(place);

    const result = await runRound({
      ...place,
      number: 1,
      keys: 25,
      callsBefore: 12,
      endLeases: true,
    });

    expect(result).toMatchObject({ lost: 0, stuck: 0 });
    expect(result.hitsBefore).toBeGreaterThan(0);
    expect(result.runningAtKill).toBeGreaterThan(0);
    expect(result.calls).toBeLessThanOrEqual(25 + result.runningAtKill);
    expect(result.mostInSecond).toBeLessThanOrEqual(CALLS_PER_SECOND);
  }, 120_000);
});
