import { describe, expect, test } from "bun:test";
import { secondsUntil } from "../../src/domain/seconds-until.ts";

describe("secondsUntil()", () => {
  test.each([
    [60_000, 0, 60],
    [60_000, 1, 60],
    [60_000, 1_000, 59],
    [60_000, 59_999, 1],
    [60_000, 60_000, 1],
    [60_000, 90_000, 1],
  ])("until %p from %p: %p", (at, now, expected) => {
    expect(secondsUntil(at, now)).toBe(expected);
  });
});
