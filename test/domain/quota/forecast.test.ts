import { describe, expect, test } from "bun:test";
import { NO_COOLDOWN } from "../../../src/domain/quota/cooldown.ts";
import { forecastAt } from "../../../src/domain/quota/forecast.ts";
import { emptyQuota, startCalls } from "../../../src/domain/quota/quota.ts";

const five = { perMinute: 5 };

/** All five calls started at 0. */
const spent = {
  state: startCalls(five, emptyQuota(five, 0), 0, 5).state,
  cooldown: NO_COOLDOWN,
};

describe("forecastAt()", () => {
  test("is now while calls are free for all before it", () => {
    expect(forecastAt(five, undefined, 0, 1_000)).toBe(1_000);
    expect(forecastAt(five, undefined, 4, 1_000)).toBe(1_000);
  });

  test("is when the spent calls no longer count, for as many as there are", () => {
    expect(forecastAt(five, undefined, 5, 0)).toBe(60_500);
    expect(forecastAt(five, spent, 0, 1_000)).toBe(60_500);
    expect(forecastAt(five, spent, 4, 1_000)).toBe(60_500);
    expect(forecastAt(five, spent, 5, 1_000)).toBe(121_000);
  });

  test("is not before a cooldown ends", () => {
    const paused = { state: undefined, cooldown: { until: 30_000, streak: 1 } };

    expect(forecastAt(five, paused, 0, 1_000)).toBe(30_000);
  });

  test("is what playing the queue through would give, and close to it far ahead", () => {
    const paced = { perMinute: 60, burst: 1 };
    const near = forecastAt(paced, undefined, 30, 0);
    const far = forecastAt(paced, undefined, 900, 0);

    expect(near).toBe(30_000);
    expect(Math.abs(far - 907_500)).toBeLessThan(10_000);
  });
});
