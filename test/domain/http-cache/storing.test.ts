import { describe, expect, test } from "bun:test";
import type { HeaderList } from "../../../src/domain/entry/entry.ts";
import { lifetimeOf } from "../../../src/domain/http-cache/freshness.ts";
import { storedHeaders } from "../../../src/domain/http-cache/stored-headers.ts";
import { isWorthStoring, mayStore } from "../../../src/domain/http-cache/storing.ts";
import { NOON, SECOND } from "./stored.ts";

const URL_OF = "https://a.example/x?y=1";

interface Case {
  readonly method?: string;
  readonly asked?: HeaderList;
  readonly status?: number;
  readonly isComplete?: boolean;
}

/** `"yes"`, or why not. */
function storing(headers: HeaderList, rest: Case = {}) {
  const { method = "GET", asked = [], status = 200, isComplete = true } = rest;
  const found = mayStore({
    request: { method, url: URL_OF, headers: asked },
    response: { status, headers },
    isComplete,
  });
  return found._tag === "Storable" ? "yes" : found.reason;
}
const cc = (value: string): HeaderList => [["Cache-Control", value]];

describe("mayStore() by directives (§3, §5.2.2)", () => {
  test.each([
    ["max-age=60", "yes"],
    ["max-age=10000, no-store", "no-store"],
    ["No-StOrE", "no-store"],
    ["private, max-age=60", "private"],
    ["public, private", "private"],
    ['private="a", max-age=60', "yes"],
    ["no-cache", "yes"],
    ["max-age=60, no-store, must-understand", "yes"],
  ])("%p: %s", (line, expected) => {
    expect(storing(cc(line))).toBe(expected as never);
  });

  test("knows the status where it must (§5.2.2.3)", () => {
    const line = cc("max-age=60, no-store, must-understand");

    expect(storing(line, { status: 599 })).toBe("status-not-understood");
    expect(storing(cc("max-age=60, must-understand"), { status: 599 })).toBe(
      "status-not-understood",
    );
    expect(storing(line, { status: 404 })).toBe("yes");
  });

  test("obeys no-store of the client (§5.2.1.5)", () => {
    expect(storing(cc("max-age=60"), { asked: cc("no-store") })).toBe("request-no-store");
  });

  test("never stores Vary: * (§4.1)", () => {
    for (const value of ["*", "*, *", ", *", "Foo, *", "*, Foo"]) {
      expect(storing([...cc("max-age=60"), ["Vary", value]])).toBe("vary-star");
    }
    const lines = [
      ["Vary", ""],
      ["Vary", "*"],
    ] as const;
    expect(storing([...cc("max-age=60"), ...lines])).toBe("vary-star");
  });
});

describe("mayStore() by status", () => {
  test.each([
    200, 203, 204, 299, 301, 302, 303, 307, 308, 400, 404, 410, 499, 500, 503, 599,
  ])("takes a %d with explicit freshness", (status) => {
    expect(storing(cc("max-age=60"), { status })).toBe("yes");
    expect(storing([["Expires", "0"]], { status })).toBe("yes");
  });

  test.each([
    [200, "yes"],
    [201, "status"],
    [302, "status"],
    [404, "yes"],
    [403, "status"],
    [503, "status"],
    [599, "status"],
    [100, "interim"],
    [103, "interim"],
    [304, "not-modified"],
    [429, "status"],
    [511, "status"],
  ])("of a %d without explicit freshness: %s", (status, expected) => {
    expect(storing([["Last-Modified", "x"]], { status })).toBe(expected as never);
  });

  test("takes any with public, but those that are never to be stored (RFC 6585)", () => {
    expect(storing(cc("public"), { status: 599 })).toBe("yes");
    expect(storing(cc("public, max-age=60"), { status: 429 })).toBe("status");
  });

  test("takes a 206 that is one range of a GET, as long as it says (§3.3)", () => {
    const range: Case = { status: 206, asked: [["Range", "bytes=0-4"]] };
    const part = (contentRange: string, length?: string): HeaderList => [
      ...cc("max-age=60"),
      ["Content-Range", contentRange],
      ...(length === undefined ? [] : [["Content-Length", length] as const]),
    ];

    expect(storing(part("bytes 0-4/10"), range)).toBe("yes");
    expect(storing(part("bytes 0-4/10", "5"), range)).toBe("yes");
    expect(storing(part("bytes 4-9/10", "5"), range)).toBe("partial");
    expect(storing(part("bytes 4-3/10"), range)).toBe("partial");
    expect(storing(part("bytes 0-4/10"), { status: 206 })).toBe("partial");
    expect(storing(cc("max-age=60"), range)).toBe("partial");
    expect(storing(part("bytes 0-4/10"))).toBe("yes");
  });

  test("takes nothing that broke off (§3.3)", () => {
    expect(storing(cc("max-age=60"), { isComplete: false })).toBe("incomplete");
  });
});

describe("mayStore() by request", () => {
  // §3.5: must-revalidate, public and s-maxage let a shared cache store it.
  test.each([
    ["max-age=60", "authorization"],
    ["no-cache", "authorization"],
    ["max-age=60, public", "yes"],
    ["max-age=60, must-revalidate", "yes"],
    ["s-maxage=60", "yes"],
  ])("with Authorization and %p: %s", (line, expected) => {
    expect(storing(cc(line), { asked: [["authorization", "x"]] })).toBe(
      expected as never,
    );
  });

  test.each(["HEAD", "PUT", "DELETE", "OPTIONS", "M-SEARCH", "get"])(
    "refuses %s",
    (method) => {
      expect(storing(cc("max-age=60"), { method })).toBe("method");
    },
  );

  test("takes a POST that says it is the same resource, with freshness (RFC 9110 §9.3.3)", () => {
    const post: Case = { method: "POST" };
    const location = (to: string) => [["Content-Location", to] as const];

    expect(storing([...cc("max-age=60"), ...location("x?y=1")], post)).toBe("yes");
    expect(storing([...cc("max-age=60"), ...location(URL_OF)], post)).toBe("yes");
    expect(storing([...cc("max-age=60"), ...location("x?y=2")], post)).toBe("method");
    expect(storing(location("x?y=1"), post)).toBe("method");
    expect(storing(cc("max-age=60"), post)).toBe("method");
  });
});

describe("isWorthStoring()", () => {
  const isWorth = (headers: HeaderList) =>
    isWorthStoring(
      headers,
      lifetimeOf(
        { status: 200, headers },
        { requestAt: NOON, responseAt: NOON, staleIfErrorMillis: 60 * SECOND },
      ),
      NOON,
    );

  test("asks for freshness, a window of the origin's, or a validator", () => {
    expect(isWorth([])).toBe(false);
    expect(isWorth(cc("max-age=0"))).toBe(false);
    expect(isWorth(cc("max-age=1"))).toBe(true);
    expect(isWorth(cc("max-age=0, stale-while-revalidate=1"))).toBe(true);
    expect(isWorth(cc("max-age=0, stale-if-error=1"))).toBe(true);
    expect(isWorth([...cc("no-cache"), ["ETag", '"a"']])).toBe(true);
  });
});

describe("storedHeaders() (§3.1)", () => {
  const names = (headers: HeaderList) =>
    storedHeaders([["Date", "Sun, 06 Nov 1994 08:49:37 GMT"], ...headers], NOON)
      .map(([name]) => name)
      .slice(1);

  test("keeps all but what is about the connection or a proxy, and Age", () => {
    const kept = [
      ["Set-Cookie", "a=b"],
      ["Set-Cookie", "c=d"],
      ["X-Unknown", "1"],
      ["Content-Range", "x"],
      ["Warning", "x"],
    ] as const;
    const dropped = [
      ["Connection", "close, A"],
      ["a", "1"],
      ["Keep-Alive", "1"],
      ["Proxy-Authenticate", "1"],
      ["Proxy-Authentication-Info", "1"],
      ["Proxy-Authorization", "1"],
      ["Proxy-Connection", "1"],
      ["TE", "1"],
      ["Trailer", "1"],
      ["Transfer-Encoding", "chunked"],
      ["Upgrade", "1"],
      ["AGE", "1"],
    ] as const;

    expect(names([...dropped, ...kept])).toEqual(kept.map(([name]) => name));
  });

  test("leaves out what no-cache and private name (§5.2.2.4, §5.2.2.7)", () => {
    const headers = [
      ["A", "1"],
      ["B", "1"],
      ["C", "1"],
    ] as const;

    expect(names([...cc('no-cache="a", private=B'), ...headers])).toEqual([
      "Cache-Control",
      "C",
    ]);
  });

  test("writes down the arrival where there is no Date to read (RFC 9110 §6.6.1)", () => {
    const now = [["Date", "Fri, 20 Nov 2026 12:00:00 GMT"]] as const;

    expect(storedHeaders([], NOON)).toEqual(now);
    expect(storedHeaders([["date", "foo"]], NOON)).toEqual(now);
  });
});
