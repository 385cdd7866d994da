import { describe, expect, test } from "bun:test";
import {
  ageSeconds,
  freshnessAt,
  lifetimeFrom,
} from "../../../src/domain/entry/freshness.ts";

const MINUTE = 60_000;

/** Stored at 0; fresh for 10 minutes, stale for 1 more, a fallback until 15 after freshness. */
const lifetime = lifetimeFrom(0, {
  ttlMillis: 10 * MINUTE,
  staleWhileRevalidateMillis: MINUTE,
  staleIfErrorMillis: 15 * MINUTE,
});

describe("lifetimeFrom()", () => {
  test("starts both stale windows at the end of freshness", () => {
    expect(lifetime).toEqual({
      storedAt: 0,
      freshUntil: 10 * MINUTE,
      staleUntil: 11 * MINUTE,
      fallbackUntil: 25 * MINUTE,
    });
  });

  test("ends the fallback no earlier than the stale window", () => {
    const policy = { ttlMillis: 1, staleWhileRevalidateMillis: 9, staleIfErrorMillis: 5 };

    expect(lifetimeFrom(100, policy)).toEqual({
      storedAt: 100,
      freshUntil: 101,
      staleUntil: 110,
      fallbackUntil: 110,
    });
  });

  test("is in order for every policy", () => {
    for (const ttlMillis of [0, 1, MINUTE]) {
      for (const staleWhileRevalidateMillis of [0, 1, MINUTE]) {
        for (const staleIfErrorMillis of [0, 1, MINUTE]) {
          const { storedAt, freshUntil, staleUntil, fallbackUntil } = lifetimeFrom(7, {
            ttlMillis,
            staleWhileRevalidateMillis,
            staleIfErrorMillis,
          });
          const instants = [storedAt, freshUntil, staleUntil, fallbackUntil];
          expect(instants).toEqual(instants.toSorted((a, b) => a - b));
        }
      }
    }
  });
});

describe("freshnessAt()", () => {
  test.each([
    [-1, "fresh"],
    [0, "fresh"],
    [10 * MINUTE - 1, "fresh"],
    [10 * MINUTE, "stale"],
    [11 * MINUTE - 1, "stale"],
    [11 * MINUTE, "fallback"],
    [25 * MINUTE - 1, "fallback"],
    [25 * MINUTE, "expired"],
    [Infinity, "expired"],
  ] as const)("gives each boundary to the later state: at %d ms %s", (now, expected) => {
    expect(freshnessAt(lifetime, now)).toBe(expected);
  });

  test("knows no window of no length", () => {
    const none = lifetimeFrom(5, {
      ttlMillis: 0,
      staleWhileRevalidateMillis: 0,
      staleIfErrorMillis: 0,
    });

    expect([4, 5].map((now) => freshnessAt(none, now))).toEqual(["fresh", "expired"]);
  });
});

describe("ageSeconds()", () => {
  test.each([
    [-1, 0],
    [0, 0],
    [999, 0],
    [1_000, 1],
    [61_999, 61],
  ])("at %d ms is %d", (now, age) => {
    expect(ageSeconds(lifetime, now)).toBe(age);
  });
});
