import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { HeaderList } from "../../../src/domain/entry/entry.ts";
import {
  ageSeconds,
  ageValue,
  correctedInitialAge,
} from "../../../src/domain/http-cache/age.ts";
import { lifetimeOf } from "../../../src/domain/http-cache/freshness.ts";
import { httpDate } from "../../../src/domain/http-cache/http-date.ts";
import { DAY, NOON, SECOND } from "./stored.ts";

const AT_NOON = { requestAt: NOON, responseAt: NOON, staleIfErrorMillis: 0 };
const date = (seconds: number) => httpDate(NOON + seconds * SECOND);

/** Seconds after noon. */
function freshFor(headers: HeaderList, status = 200) {
  return (lifetimeOf({ status, headers }, AT_NOON).freshUntil - NOON) / SECOND;
}
function windows(cacheControl: string, staleIfErrorMillis = 0) {
  const headers = [["Cache-Control", cacheControl]] as const;
  const { freshUntil, ...lifetime } = lifetimeOf(
    { status: 200, headers },
    { ...AT_NOON, staleIfErrorMillis },
  );
  return [lifetime.staleUntil, lifetime.fallbackUntil].map(
    (at) => (at - freshUntil) / SECOND,
  );
}

describe("lifetimeOf(), the lifetime (§4.2.1)", () => {
  test.each([
    ["s-maxage=1, max-age=3600", 1],
    ["max-age=1, s-maxage=3600", 3600],
    ["max-age=60", 60],
    ["max-age=60, no-cache", 0],
    ['max-age=60, no-cache="a"', 60],
  ])("of %p is %d seconds", (line, seconds) => {
    const headers = [["Cache-Control", line] as const, ["Expires", date(9)] as const];

    expect(freshFor(headers)).toBe(seconds);
  });

  test("is Expires minus Date, however wrong both clocks are", () => {
    expect(
      freshFor([
        ["Expires", date(30)],
        ["Date", date(0)],
      ]),
    ).toBe(30);
    expect(
      freshFor([
        ["Expires", date(500)],
        ["Date", date(400)],
      ]),
    ).toBe(100);
    expect(
      freshFor([
        ["Expires", date(300)],
        ["Date", date(400)],
      ]),
    ).toBe(0);
  });

  test("is Expires minus the arrival where Date is absent or bad", () => {
    expect(freshFor([["Expires", date(10)]])).toBe(10);
    expect(
      freshFor([
        ["Expires", date(10)],
        ["Date", "foo"],
      ]),
    ).toBe(10);
  });

  // §5.3: "invalid date formats, especially the value '0', as representing a time in the past".
  test.each(["0", "-1", "", "tomorrow", "Thu, 18 Aug 2050 2:01:18 GMT"])(
    "is none with Expires: %p",
    (value) => {
      expect(
        freshFor([
          ["Expires", value],
          ["Last-Modified", date(-DAY)],
        ]),
      ).toBe(0);
    },
  );

  test("passes over Expires beside CDN-Cache-Control (RFC 9213 §2.2)", () => {
    expect(
      freshFor([
        ["Expires", date(10)],
        ["CDN-Cache-Control", "public"],
      ]),
    ).toBe(0);
  });
});

describe("lifetimeOf(), by heuristics (§4.2.2)", () => {
  const modified = (seconds: number) => [["Last-Modified", date(-seconds)] as const];

  test("is a tenth of the time since Last-Modified, a day at most", () => {
    expect(freshFor(modified(3600))).toBe(360);
    expect(freshFor(modified(100 * 86_400))).toBe(86_400);
    expect(freshFor(modified(-3600))).toBe(0);
    expect(freshFor([["Last-Modified", "yesterday"]])).toBe(0);
    expect(freshFor([])).toBe(0);
  });

  test.each([200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501])(
    "is for a %d",
    (status) => {
      expect(freshFor(modified(3600), status)).toBe(360);
    },
  );

  test.each([201, 202, 302, 403, 500, 502, 503, 504, 599])(
    "is for a %d only with public",
    (status) => {
      const headers = modified(3600);

      expect(freshFor(headers, status)).toBe(0);
      expect(freshFor([...headers, ["Cache-Control", "public"]], status)).toBe(360);
    },
  );
});

describe("lifetimeOf(), stale (§4.2.4, RFC 5861)", () => {
  test("has both windows of RFC 5861", () => {
    expect(windows("max-age=1, stale-while-revalidate=4")).toEqual([4, 4]);
    expect(windows("max-age=1, stale-while-revalidate=4, stale-if-error=9")).toEqual([
      4, 9,
    ]);
    expect(windows("max-age=1, stale-if-error=9")).toEqual([0, 9]);
  });

  test("lets the operator say what the origin doesn't", () => {
    expect(windows("max-age=1", 60 * SECOND)).toEqual([0, 60]);
    expect(windows("max-age=1, stale-if-error=0", 60 * SECOND)).toEqual([0, 0]);
  });

  test.each(["must-revalidate", "proxy-revalidate", "s-maxage=2", "no-cache"])(
    "is never allowed by %s",
    (directive) => {
      const line = `max-age=2, stale-while-revalidate=9, stale-if-error=9, ${directive}`;

      expect(windows(line, 60 * SECOND)).toEqual([0, 0]);
    },
  );

  test("keeps a response with a validator for a day to be validated", () => {
    const headers = [["ETag", '"a"'] as const, ["Cache-Control", "no-cache"] as const];

    expect(lifetimeOf({ status: 200, headers }, AT_NOON)).toEqual({
      storedAt: NOON,
      freshUntil: NOON,
      staleUntil: NOON,
      fallbackUntil: NOON + DAY,
    });
  });
});

describe("ageValue() (§5.1)", () => {
  test.each([
    [["7200"], 7200],
    [["0, 7200"], 0],
    [["7200,0"], 7200],
    [["7200", "0"], 7200],
    [["0", "7200"], 0],
    [["2147483649"], 2_147_483_648],
    [["abc"], 0],
    [["-7200"], 0],
    [["7200.0"], 0],
    [["7200;foo=bar"], 0],
    [[""], 0],
    [[], 0],
  ])("reads %p as %d", (lines, seconds) => {
    expect(ageValue(lines.map((line) => ["Age", line]))).toBe(seconds);
  });
});

describe("correctedInitialAge() (§4.2.3)", () => {
  test("is the largest that Date, Age and the delay allow", () => {
    const times = { requestAt: NOON - 3 * SECOND, responseAt: NOON };

    expect(correctedInitialAge([], times)).toBe(3 * SECOND);
    expect(correctedInitialAge([["Date", date(-10)]], times)).toBe(10 * SECOND);
    expect(
      correctedInitialAge(
        [
          ["Date", date(-10)],
          ["Age", "25"],
        ],
        times,
      ),
    ).toBe(28 * SECOND);
    expect(
      correctedInitialAge(
        [
          ["Date", date(+10)],
          ["Age", "15"],
        ],
        times,
      ),
    ).toBe(18 * SECOND);
  });

  test("counts no part of the second that Date leaves out", () => {
    const times = { requestAt: NOON + 999, responseAt: NOON + 999 };

    expect(correctedInitialAge([["Date", date(0)]], times)).toBe(0);
  });

  test("survives a clock that steps back", () => {
    const times = { requestAt: NOON + 5 * SECOND, responseAt: NOON };

    expect(correctedInitialAge([], times)).toBe(0);
  });

  test("makes a response stale whose Age is beyond its lifetime", () => {
    expect(
      freshFor([
        ["Cache-Control", "max-age=3600"],
        ["Age", "7200"],
      ]),
    ).toBe(-3600);
    expect(
      freshFor([
        ["Expires", date(20)],
        ["Date", date(10)],
        ["Age", "15"],
      ]),
    ).toBe(-5);
  });
});

describe("ageSeconds()", () => {
  test("grows from the age at arrival and is never negative (§4.2.3, §5.1)", () => {
    const headers = [["Age", "30"] as const, ["Cache-Control", "max-age=600"] as const];
    const lifetime = lifetimeOf({ status: 200, headers }, AT_NOON);

    expect(ageSeconds(lifetime, NOON)).toBe(30);
    expect(ageSeconds(lifetime, NOON + 2_999)).toBe(32);
    expect(ageSeconds(lifetime, NOON + 3_000)).toBe(33);
    expect(ageSeconds(lifetime, NOON - DAY)).toBe(0);
  });
});

describe("every lifetime", () => {
  test("has its instants in order", () => {
    const value = fc.oneof(fc.integer({ min: -9, max: 3e9 }).map(String), fc.string());
    const line = fc.array(
      fc.tuple(
        fc.constantFrom(
          "max-age",
          "s-maxage",
          "stale-while-revalidate",
          "stale-if-error",
        ),
        value,
      ),
    );
    fc.assert(
      fc.property(line, value, value, fc.nat(), (directives, age, expires, delay) => {
        const said = directives
          .map(([name, argument]) => `${name}=${argument}`)
          .join(",");
        const headers = [
          ["Cache-Control", said],
          ["Age", age],
          ["Expires", expires],
        ] as const;
        const times = {
          requestAt: NOON,
          responseAt: NOON + delay,
          staleIfErrorMillis: 1,
        };
        const lifetime = lifetimeOf({ status: 200, headers }, times);
        const { storedAt, freshUntil, staleUntil, fallbackUntil } = lifetime;
        const instants = [storedAt, freshUntil, staleUntil, fallbackUntil];

        expect(instants).toEqual(instants.toSorted((a, b) => a - b));
        expect(instants.every(Number.isSafeInteger)).toBe(true);
        expect(storedAt).toBeLessThanOrEqual(times.responseAt);
      }),
    );
  });
});
