import { describe, expect, test } from "bun:test";
import {
  restMillis,
  retryPauseMillis,
  unreachablePauseMillis,
} from "../../../src/domain/refresh/backoff.ts";

const almostOne = 1 - 2 ** -53;

describe("retryPauseMillis()", () => {
  test("allows three attempts and no fourth", () => {
    expect([1, 2, 3, 4].map((attempts) => retryPauseMillis(attempts, 0, 0.5))).toEqual([
      expect.any(Number),
      expect.any(Number),
      undefined,
      undefined,
    ]);
  });

  test("grows with the attempts and is jittered between a third and all of its ceiling", () => {
    expect([0, almostOne].map((random) => retryPauseMillis(1, 0, random))).toEqual([
      133, 400,
    ]);
    expect([0, almostOne].map((random) => retryPauseMillis(2, 0, random))).toEqual([
      400, 1_200,
    ]);
  });

  test("ends before 5 seconds are over, whatever the dice say", () => {
    for (let elapsed = 0; elapsed <= 5_200; elapsed += 7) {
      for (const random of [0, 0.5, almostOne]) {
        const pause = retryPauseMillis(2, elapsed, random);
        if (pause !== undefined) expect(elapsed + pause).toBeLessThan(5_000);
      }
    }
    expect(retryPauseMillis(1, 4_866, 0)).toBe(133);
    expect(retryPauseMillis(1, 4_867, 0)).toBeUndefined();
  });
});

describe("restMillis()", () => {
  test("doubles from 10 seconds to 5 minutes and stays there", () => {
    expect([1, 2, 3, 4, 5, 6, 7, 50, 5_000].map(restMillis)).toEqual([
      10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000, 300_000, 300_000,
    ]);
  });
});

describe("unreachablePauseMillis()", () => {
  test("doubles to 30 seconds, of which it takes at least half", () => {
    expect(
      [1, 2, 3, 6, 99].map((failures) => unreachablePauseMillis(failures, 0)),
    ).toEqual([500, 1_000, 2_000, 15_000, 15_000]);
    expect(unreachablePauseMillis(1, almostOne)).toBe(1_000);
    expect(unreachablePauseMillis(99, almostOne)).toBe(30_000);
  });
});
