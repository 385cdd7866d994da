import { describe, expect, test } from "bun:test";
import {
  type RefreshStanding,
  restingFailure,
  toldTask,
} from "../../../src/domain/refresh/refresh-standing.ts";
import { PRIORITY } from "../../../src/domain/refresh/task.ts";

const nothing: RefreshStanding = { task: undefined, failure: undefined };

describe("restingFailure()", () => {
  const error = { code: "UPSTREAM_STATUS", detail: "Upstream answered 500" } as const;
  const failure = { error, failedAt: 0, until: 10_000 };

  test.each([
    [0, failure],
    [9_999, failure],
    [10_000, undefined],
  ])("at %p", (now, expected) => {
    expect(restingFailure({ ...nothing, failure }, now)).toEqual(expected);
  });

  test("is none where nothing failed", () => {
    expect(restingFailure(nothing, 0)).toBeUndefined();
  });
});

describe("toldTask()", () => {
  const high = { id: "t_1", state: "queued", priority: PRIORITY.high } as const;

  test.each([
    [true, PRIORITY.high, true],
    [true, PRIORITY.normal, true],
    [true, PRIORITY.waiting, false],
    [false, PRIORITY.normal, false],
  ])(
    "one of priority high, told: %p, for a caller of priority %p: %p",
    (told, priority, isGiven) => {
      const task = { ...high, told };
      expect(toldTask({ ...nothing, task }, priority)).toEqual(
        isGiven ? task : undefined,
      );
    },
  );

  test("is none where none is unfinished", () => {
    expect(toldTask(nothing, PRIORITY.adaptive)).toBeUndefined();
  });
});
