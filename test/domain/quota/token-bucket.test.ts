import { describe, expect, test } from "bun:test";
import {
  burstOf,
  fullCredit,
  millisUntilTokens,
  refill,
  returnTokens,
  takeTokens,
  tokensIn,
} from "../../../src/domain/quota/token-bucket.ts";

const limit = { perMinute: 2, burst: 3 };

describe("burstOf()", () => {
  test("is a whole minute's calls where the limit names none", () => {
    expect(burstOf({ perMinute: 7 })).toBe(7);
    expect(burstOf(limit)).toBe(3);
  });
});

describe("refill()", () => {
  test("never exceeds the burst", () => {
    expect(tokensIn(refill(limit, fullCredit(limit), 3_600_000))).toBe(3);
  });

  test("earns nothing in no time", () => {
    expect(refill(limit, 7_919, 0)).toBe(7_919);
  });

  test("keeps whole tokens when the rate changes, and clamps them when the burst shrinks", () => {
    const two = takeTokens(fullCredit(limit), 1);

    expect(tokensIn(refill({ perMinute: 600, burst: 9 }, two, 0))).toBe(2);
    expect(tokensIn(refill({ perMinute: 2, burst: 1 }, two, 0))).toBe(1);
  });
});

describe("returnTokens()", () => {
  test("undoes takeTokens(), and never lifts the bucket above the burst", () => {
    const full = fullCredit(limit);

    expect(returnTokens(limit, takeTokens(full, 2), 2)).toBe(full);
    expect(returnTokens(limit, full, 1)).toBe(full);
  });
});

describe("millisUntilTokens()", () => {
  test("is the first millisecond at which they are there, at every rate", () => {
    for (let perMinute = 1; perMinute <= 600; perMinute++) {
      const rate = { perMinute, burst: 2 };

      const wait = millisUntilTokens(rate, 7_919, 2);

      expect(tokensIn(refill(rate, 7_919, wait - 1))).toBe(1);
      expect(tokensIn(refill(rate, 7_919, wait))).toBe(2);
    }
  });

  test("is 0 where they are there", () => {
    expect(millisUntilTokens(limit, fullCredit(limit), 3)).toBe(0);
  });
});
