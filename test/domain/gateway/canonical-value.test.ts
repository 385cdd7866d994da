import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { canonicalValue } from "../../../src/domain/gateway/canonical-value.ts";

describe("canonicalValue()", () => {
  test.each([
    ["0", "0"],
    ["-0.00", "0"],
    ["7", "7"],
    [" 007 ", "7"],
    ["+1.50", "1.5"],
    [".5", "0.5"],
    ["5.", "5"],
    ["-12e-3", "-0.012"],
    ["1E3", "1000"],
    ["10e99", "1e100"],
    ["9007199254740993", "9007199254740993"],
    ["1e-999999999", "1e-999999999"],
  ])("writes the number %j as %j", (text, canonical) => {
    expect(canonicalValue("NUMERIC", text)).toBe(canonical);
  });

  test.each([
    "",
    ".",
    "-",
    "1e",
    "0x10",
    "1_000",
    "1,5",
    "NaN",
    "Infinity",
    "٣",
    "1".repeat(401),
  ])("knows no number in %j", (text) => {
    expect(canonicalValue("NUMERIC", text)).toBeUndefined();
  });

  test("gives two numbers the same text exactly if they are equal", () => {
    const decimal = fc.record({
      digits: fc.bigInt({ min: -1_000n, max: 1_000n }),
      power: fc.integer({ min: -3, max: 3 }),
      zeros: fc.nat(2),
    });
    fc.assert(
      fc.property(decimal, decimal, (one, other) => {
        const spelled = ({ digits, power, zeros }: typeof one) =>
          canonicalValue("NUMERIC", `${digits}${"0".repeat(zeros)}e${power - zeros}`);
        const size = ({ digits, power }: typeof one) => digits * 10n ** BigInt(power + 3);
        return (spelled(one) === spelled(other)) === (size(one) === size(other));
      }),
      { numRuns: 2_000 },
    );
  });

  test.each([
    ["2026-03-01", "2026-03-01"],
    ["2026-03-01T00:00:00Z", "2026-03-01T00:00:00Z"],
    ["2026-03-01t02:00+02:00", "2026-03-01T00:00:00Z"],
    ["2026-02-28 19:00:00.000-0500", "2026-03-01T00:00:00Z"],
    ["2026-03-01T00:00:00.123456789Z", "2026-03-01T00:00:00.123456789Z"],
    ["Sun, 06 Nov 1994 08:49:37 GMT", "1994-11-06T08:49:37Z"],
  ])("writes the date %j as %j", (text, canonical) => {
    expect(canonicalValue("DATE", text)).toBe(canonical);
  });

  test.each([
    "",
    "tomorrow",
    "2026-02-30",
    "2026-13-01",
    "2026-03-01T10:00:00",
    "2026-02-30T10:00:00Z",
    "2026-03-01T25:00:00Z",
    "1772323200",
    "01/03/2026",
  ])("knows no date in %j", (text) => {
    expect(canonicalValue("DATE", text)).toBeUndefined();
  });

  test("leaves a STRING as it is", () => {
    expect(canonicalValue("STRING", "007")).toBeUndefined();
  });
});
