import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { retryInstant } from "../../../src/domain/quota/retry-after.ts";

/** Sunday, 06 Nov 1994 08:49:37 GMT, the example of RFC 9110 §5.6.7. */
const NOW = 784_111_777_000;

/** Seconds from `NOW` that a reply with these headers asks for. */
function waitSeconds(headers: Readonly<Record<string, string>>, status = 429) {
  const at = retryInstant(status, (name) => headers[name], NOW);
  return at === undefined ? undefined : (at - NOW) / 1_000;
}

describe("retryInstant()", () => {
  test.each([
    ["120", 120],
    [" 120 ", 120],
    ["0", 0],
    ["1.5", 1.5],
    ["Sun, 06 Nov 1994 08:50:37 GMT", 60],
    ["Sunday, 06-Nov-94 08:50:37 GMT", 60],
    ["Sun Nov  6 08:50:37 1994", 60],
    ["Sun, 06 Nov 1994 08:48:37 GMT", 0],
    ["-5", undefined],
    ["1e3", undefined],
    ["soon", undefined],
    ["", undefined],
    ["99999999999999999999", 31_536_000],
  ])("reads Retry-After: %p", (value, seconds) => {
    expect(waitSeconds({ "retry-after": value })).toBe(seconds);
  });

  test("counts a date from the reply's own Date", () => {
    expect(
      waitSeconds({
        date: "Sun, 06 Nov 1994 07:00:00 GMT",
        "retry-after": "Sun, 06 Nov 1994 07:00:30 GMT",
      }),
    ).toBe(30);
    expect(
      waitSeconds({
        date: "Sun, 06 Nov 1994 07:00:00 GMT",
        "x-ratelimit-reset": String(Date.UTC(1994, 10, 6, 7, 0, 45) / 1_000),
      }),
    ).toBe(45);
  });

  test.each([
    ["x-ratelimit-reset", "784111807", 30],
    ["x-ratelimit-reset", "784111807.25", 30.25],
    ["x-ratelimit-reset", "784111807000", 30],
    ["x-ratelimit-reset", "30", 30],
    ["x-ratelimit-reset", "784111747", 0],
    ["x-ratelimit-reset", "junk", undefined],
    ["x-rate-limit-reset", "784111807", 30],
    ["ratelimit-reset", "30", 30],
    ["ratelimit", "limit=100, remaining=0, reset=30", 30],
    ["ratelimit", "limit=100, remaining=7, reset=30", undefined],
    ["ratelimit", '"default";r=0;t=30', 30],
    ["ratelimit", '"default";r=0;t=30, "a,b;t=9";r=0;t=45', 45],
    ["ratelimit", '"default";r=0;t=30, "daily";r=5;t=4000', 30],
    ["ratelimit", '"default";r=5;t=30', undefined],
    ["ratelimit", '"default";r=0', undefined],
    ["ratelimit", '"default', undefined],
  ])("reads %s: %s", (name, value, seconds) => {
    expect(waitSeconds({ [name]: value })).toBe(seconds);
  });

  test("passes over a reset beside calls that remain", () => {
    const reset = { "x-ratelimit-reset": "3600" };

    expect(waitSeconds({ ...reset, "x-ratelimit-remaining": "12" })).toBeUndefined();
    expect(waitSeconds({ ...reset, "x-ratelimit-remaining": "0" })).toBe(3_600);
  });

  test("prefers Retry-After, and passes over one that can't be read", () => {
    expect(waitSeconds({ "retry-after": "5", "ratelimit-reset": "30" })).toBe(5);
    expect(waitSeconds({ "retry-after": "soon", "ratelimit-reset": "30" })).toBe(30);
  });

  test("believes only a 429 or 503", () => {
    const headers = { "retry-after": "5" };

    expect([429, 503, 200, 301, 500, 502].map((s) => waitSeconds(headers, s))).toEqual([
      5,
      5,
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });

  test("never throws and never names the past, whatever the headers say", () => {
    const piece = fc.constantFrom("reset", "=", "9", ";t=", '"', ",", " ", "GMT", "\\");
    const value = fc.oneof(
      fc.string(),
      fc.array(piece).map((pieces) => pieces.join("")),
    );
    fc.assert(
      fc.property(value, (value) => {
        expect(retryInstant(429, () => value, NOW) ?? NOW).toBeGreaterThanOrEqual(NOW);
      }),
      { numRuns: 300 },
    );
  });
});
