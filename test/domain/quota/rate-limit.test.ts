import { describe, expect, test } from "bun:test";
import {
  holdMillis,
  permitMillis,
  QUOTA_WINDOWS,
} from "../../../src/domain/quota/rate-limit.ts";

describe("QUOTA_WINDOWS", () => {
  test("counts each window in some 240 slots and a slack of at most a quarter second", () => {
    expect(
      QUOTA_WINDOWS.map((window) => [
        window.windowMillis,
        window.slotMillis,
        window.slackMillis,
      ]),
    ).toEqual([
      [1_000, 5, 50],
      [60_000, 250, 250],
      [3_600_000, 15_000, 250],
      [86_400_000, 360_000, 250],
      [2_678_400_000, 11_160_000, 250],
    ]);
  });
});

describe("permitMillis()", () => {
  test.each([
    [{ perMinute: 5 }, 250],
    [{ perMinute: 5, burst: 1, perHour: 50, perDay: 500, perMonth: 5_000 }, 250],
    [{ perMinute: 5, perSecond: undefined }, 250],
    [{ perMinute: 300, perSecond: 10 }, 50],
  ])("is the smallest slack of the windows %j names", (limit, millis) => {
    expect(permitMillis(limit)).toBe(millis);
  });
});

describe("holdMillis()", () => {
  test("leaves 20 ms of the permit for the way to the upstream", () => {
    expect(holdMillis({ perMinute: 5 })).toBe(230);
    expect(holdMillis({ perMinute: 300, perSecond: 10 })).toBe(30);
  });
});
