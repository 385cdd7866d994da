import { describe, expect, test } from "bun:test";
import { planBatchRead } from "../../../src/domain/entry/batch-plan.ts";
import type { Reach } from "../../../src/domain/entry/read-plan.ts";
import { PRIORITY, type Priority } from "../../../src/domain/refresh/task.ts";
import { entryAt } from "../../adapters/postgres/sources.ts";

/** Fresh until 601,000, stale until 1,201,000, a fallback until 87,001,000. */
const entry = entryAt({ space: "s1", key: "/a" });
const instants = {
  fresh: 600_999,
  stale: 601_000,
  fallback: 1_201_000,
  expired: 87_001_000,
} as const;

const { high, normal } = PRIORITY;

describe("planBatchRead()", () => {
  test.each<[Reach, keyof typeof instants | "absent", boolean, Priority | undefined]>([
    ["default", "fresh", true, undefined],
    ["default", "stale", true, normal],
    ["default", "fallback", true, normal],
    ["default", "expired", false, high],
    ["default", "absent", false, high],
    ["cache-only", "fresh", true, undefined],
    ["cache-only", "stale", true, undefined],
    ["cache-only", "fallback", true, undefined],
    ["cache-only", "expired", false, undefined],
    ["cache-only", "absent", false, undefined],
    ["bypass", "fresh", true, normal],
    ["bypass", "stale", true, normal],
    ["bypass", "fallback", true, normal],
    ["bypass", "expired", false, high],
    ["bypass", "absent", false, high],
  ])("%s, %s: serves %p, queues with %p", (reach, state, serve, priority) => {
    const stored = state === "absent" ? undefined : entry;
    const now = state === "absent" ? 0 : instants[state];

    expect(planBatchRead(stored, false, reach, now)).toEqual({ serve, priority });
  });

  test("leaves a key alone while its back-off runs, unless the cache is bypassed", () => {
    for (const now of Object.values(instants)) {
      expect(planBatchRead(entry, true, "default", now).priority).toBeUndefined();
      expect(planBatchRead(entry, true, "bypass", now).priority).toBeDefined();
    }
    expect(planBatchRead(undefined, true, "default", 0).priority).toBeUndefined();
  });
});
