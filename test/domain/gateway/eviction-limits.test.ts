import { describe, expect, test } from "bun:test";
import { evictionLimits } from "../../../src/domain/gateway/eviction-limits.ts";

describe("evictionLimits()", () => {
  test.each([
    [1, 1, 1],
    [99, 99, 99],
    [100, 100, 99],
    [20_000, 20_000, 19_800],
    [20_001, 19_801, 19_601],
    [10_000_000, 9_900_000, 9_800_000],
  ])("of a capacity of %p evicts above %p, down to %p", (capacity, most, target) => {
    expect(evictionLimits(capacity)).toEqual({ capacity: most, target });
  });

  test("leave at least one, and never more than the capacity", () => {
    for (let capacity = 1; capacity < 30_000; capacity += 7) {
      const limits = evictionLimits(capacity);
      expect(limits.target).toBeWithin(1, limits.capacity + 1);
      expect(limits.capacity).toBeLessThanOrEqual(capacity);
    }
  });
});
