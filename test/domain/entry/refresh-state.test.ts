import { describe, expect, test } from "bun:test";
import { refreshStateOf } from "../../../src/domain/entry/refresh-state.ts";

const DAY = 86_400_000;

describe("refreshStateOf()", () => {
  test.each([
    ["an unfinished task says it all", "queued", 5, 9, 10, "queued"],
    ["a running one too", "running", undefined, undefined, 10, "running"],
    ["nothing ever happened", undefined, undefined, undefined, 10, "idle"],
    ["it was answered", undefined, 5, undefined, 10, "ok"],
    ["it failed", undefined, undefined, 5, 10, "failed"],
    ["it failed after it was answered", undefined, 5, 6, 10, "failed"],
    ["it was answered after it failed", undefined, 6, 5, 10, "ok"],
    ["both at once", undefined, 5, 5, 10, "ok"],
    ["a day ago less a millisecond", undefined, 1, undefined, DAY, "ok"],
    ["a day ago", undefined, 0, undefined, DAY, "idle"],
    ["a failure a day ago", undefined, undefined, 0, DAY, "idle"],
    ["an old answer and a new failure", undefined, 0, DAY, 2 * DAY - 1, "failed"],
  ] as const)("%s", (_, unfinished, answeredAt, failedAt, now, state) => {
    expect(refreshStateOf(unfinished, answeredAt, failedAt, now)).toBe(state);
  });
});
