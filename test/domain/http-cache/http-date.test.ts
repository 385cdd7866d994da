import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { httpDate, httpDateAt } from "../../../src/domain/http-cache/http-date.ts";

const NOW = Date.UTC(1994, 10, 6, 8, 49, 37);

describe("httpDateAt()", () => {
  test.each([
    "Sun, 06 Nov 1994 08:49:37 GMT",
    "Sunday, 06-Nov-94 08:49:37 GMT",
    "Sun Nov  6 08:49:37 1994",
  ])("reads %s", (value) => {
    expect(httpDateAt(value, NOW)).toBe(NOW);
  });

  test.each([
    ["44", 1994, 2044],
    ["45", 1994, 1945],
    ["00", 1994, 2000],
    ["80", 2030, 2080],
    ["81", 2030, 1981],
  ])("takes a year %s read in %d for %d, at most 50 years ahead", (digits, now, year) => {
    const at = httpDateAt(`Sunday, 06-Nov-${digits} 00:00:00 GMT`, Date.UTC(now, 5));

    expect(at).toBe(Date.UTC(year, 10, 6));
  });

  test("takes a leap second for the next minute", () => {
    expect(httpDateAt("Sat, 31 Dec 2016 23:59:60 GMT", NOW)).toBe(Date.UTC(2017, 0, 1));
  });

  test.each([
    "SUN, 06 nov 1994 08:49:37 gmt",
    "sunday, 06-NOV-94 08:49:37 GMT",
    "sUN nOV  6 08:49:37 1994",
  ])("reads %s, in whatever case (RFC 9111 §4.2)", (value) => {
    expect(httpDateAt(value, NOW)).toBe(NOW);
  });

  test.each([
    "Sun, 06 Nov 1994 08:49:37 UTC",
    "Sun, 06 Nov 1994 08:49:37 AEST",
    "Sun, 06 Nov 94 08:49:37 GMT",
    "Sun 06 Nov 1994 08:49:37 GMT",
    "Sun, 06  Nov  1994 08:49:37 GMT",
    "Sun, 06-Nov-1994 08:49:37 GMT",
    "Sun, 06 Nov 1994 08.49.37 GMT",
    "Sun, 06 Nov 1994 8:49:37 GMT",
    "Sun, 06 Nov 1994 08:49:37",
    "Sun, 6 Nov 1994 08:49:37 GMT",
    "Sun, 31 Feb 1994 08:49:37 GMT",
    "Sun, 29 Feb 1900 08:49:37 GMT",
    "Sun, 00 Nov 1994 08:49:37 GMT",
    "Sun, 06 anF 1994 08:49:37 GMT",
    "Sun, 06 Nov 1994 24:00:00 GMT",
    "Sun, 06 Nov 1994 08:60:37 GMT",
    "1994-11-06T08:49:37Z",
    "0",
  ])("refuses %s", (value) => {
    expect(httpDateAt(value, NOW)).toBeUndefined();
  });
});

describe("httpDate()", () => {
  test("writes the format to send", () => {
    expect(httpDate(NOW + 999)).toBe("Sun, 06 Nov 1994 08:49:37 GMT");
  });

  test("is read back to the second", () => {
    const instant = fc.integer({ min: 0, max: 253_402_300_799_999 });
    fc.assert(
      fc.property(instant, (at) => {
        expect(httpDateAt(httpDate(at), NOW)).toBe(Math.floor(at / 1_000) * 1_000);
      }),
    );
  });
});
