import { describe, expect, test } from "bun:test";
import { isTaskId, progressOf, taskId } from "../../../src/domain/refresh/task.ts";

const zeros = new Uint8Array(10);
const ones = new Uint8Array(10).fill(0xff);

describe("taskId()", () => {
  test("is spelled by time first and then by chance", () => {
    expect(taskId(0, zeros)).toBe(`t_${"0".repeat(32)}`);
    expect(taskId(1_700_000_000_000, ones)).toBe(`t_018bcfe56800${"f".repeat(20)}`);
  });

  test("sorts by time, whatever the chance", () => {
    const instants = [0, 1, 255, 256, 1_699_999_999_999, 1_700_000_000_000, 2 ** 48 - 1];
    const ids = instants.map((now, index) => taskId(now, index % 2 === 0 ? ones : zeros));

    expect(ids.toSorted()).toEqual(ids);
  });

  test("takes no more of the chance than it needs", () => {
    expect(taskId(0, new Uint8Array(64).fill(0xab))).toBe(
      `t_000000000000${"ab".repeat(10)}`,
    );
  });
});

describe("isTaskId()", () => {
  test.each([
    [taskId(1_700_000_000_000, ones), true],
    [`t_${"0".repeat(31)}`, false],
    [`t_${"0".repeat(33)}`, false],
    [`t_${"F".repeat(32)}`, false],
    [`T_${"0".repeat(32)}`, false],
    [`t_${"0".repeat(32)}\n`, false],
    ["", false],
  ])("%p: %p", (text, is) => {
    expect(isTaskId(text)).toBe(is);
  });
});

describe("progressOf()", () => {
  test("goes from 0 over a half to 1", () => {
    expect(
      (["queued", "running", "succeeded", "failed"] as const).map(progressOf),
    ).toEqual([0, 0.5, 1, 1]);
  });
});
