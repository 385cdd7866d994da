import { describe, expect, test } from "bun:test";
import { parseList } from "structured-headers";
import fc from "fast-check";
import {
  cacheStatus,
  withCacheStatus,
} from "../../../src/domain/http-cache/cache-status.ts";
import { endToEndHeaders } from "../../../src/domain/http-cache/hop-by-hop.ts";
import {
  isAnsweredFromCache,
  isSafeMethod,
} from "../../../src/domain/http-cache/methods.ts";

describe("cacheStatus() (RFC 9211 §2)", () => {
  test.each([
    [{ ttlMillis: 30_999 }, "uni-cache;hit;ttl=30"],
    [{ ttlMillis: -1_500 }, "uni-cache;hit;ttl=-2"],
    [{ forwarded: "stale", forwardStatus: 304 }, "uni-cache;fwd=stale;fwd-status=304"],
    [
      { forwarded: "uri-miss", stored: true, collapsed: true, ttlMillis: 60_000 },
      "uni-cache;fwd=uri-miss;stored;collapsed;ttl=60",
    ],
    [{ stored: true, collapsed: true, forwardStatus: 200 }, "uni-cache;hit"],
    [
      { forwarded: "method", detail: 'a"b\\né' },
      'uni-cache;fwd=method;detail="a\\"b\\\\n?"',
    ],
  ] as const)("writes %p as %s", (report, expected) => {
    expect(cacheStatus(report)).toBe(expected);
  });

  test("is a list of structured fields, whatever the detail", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (detail) => {
        expect(parseList(cacheStatus({ detail }))).toHaveLength(1);
      }),
    );
  });
});

describe("withCacheStatus()", () => {
  test("puts us after those nearer to the origin (§2)", () => {
    const headers = [
      ["Cache-Status", "A; hit"],
      ["X", "1"],
      ["cache-status", "B; fwd=miss"],
    ] as const;

    expect(withCacheStatus(headers, {})).toEqual([
      ["X", "1"],
      ["Cache-Status", "A; hit, B; fwd=miss, uni-cache;hit"],
    ]);
    expect(withCacheStatus([["Cache-Status", " "]], {})).toEqual([
      ["Cache-Status", "uni-cache;hit"],
    ]);
  });
});

describe("endToEndHeaders() (RFC 9110 §7.6.1)", () => {
  test("leaves out what every Connection line names, in whatever case", () => {
    const headers = [
      ["connection", "close, X-One"],
      ["Connection", "x-two"],
      ["X-ONE", "1"],
      ["X-Two", "2"],
      ["X-Three", "3"],
    ] as const;

    expect(endToEndHeaders(headers)).toEqual([["X-Three", "3"]]);
  });
});

describe("methods (RFC 9110 §9.2.1)", () => {
  test("are compared by case, and unsafe if unknown", () => {
    expect(["GET", "HEAD", "OPTIONS", "TRACE"].every(isSafeMethod)).toBe(true);
    expect(["POST", "get", "M-SEARCH"].some(isSafeMethod)).toBe(false);
    expect(["GET", "HEAD"].every(isAnsweredFromCache)).toBe(true);
    expect(isAnsweredFromCache("QUERY")).toBe(false);
  });
});
