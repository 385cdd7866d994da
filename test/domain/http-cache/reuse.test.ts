import { describe, expect, test } from "bun:test";
import type { HeaderList } from "../../../src/domain/entry/entry.ts";
import { type ReusePlan, reusePlan } from "../../../src/domain/http-cache/reuse.ts";
import { NOON, SECOND, stored } from "./stored.ts";

interface Asks {
  readonly method?: string;
  readonly headers?: HeaderList;
  /** Seconds after noon. */
  readonly after?: number;
  readonly honoursRefresh?: boolean;
  readonly staleIfErrorMillis?: number;
}

/** The plan in words: what is done, and why or how. */
function plan(responses: Parameters<typeof reusePlan>[0]["stored"], asks: Asks = {}) {
  const { method = "GET", headers = [], after = 0 } = asks;
  return words(
    reusePlan({
      request: { method, headers },
      stored: responses,
      now: NOON + after * SECOND,
      honoursRefresh: asks.honoursRefresh ?? true,
      staleIfErrorMillis: asks.staleIfErrorMillis ?? 0,
    }),
  );
}

function words(found: ReusePlan): string {
  switch (found._tag) {
    case "Serve":
      return `serve ${found.isStale ? "stale" : "fresh"}${found.revalidate ? ", revalidate" : ""}`;
    case "Revalidate":
      return `revalidate (${found.reason})${found.mayServeOnError ? ", or serve" : ""}`;
    case "Forward":
      return `forward (${found.reason})`;
    case "GatewayTimeout":
      return "504";
  }
}

const cc = (value: string): HeaderList => [["Cache-Control", value]];
const minute = [stored(cc("max-age=60"))];

describe("reusePlan() (§4)", () => {
  test("serves until the lifetime is over, and not at its end", () => {
    expect(plan(minute, { after: 59.999 })).toBe("serve fresh");
    expect(plan(minute, { after: 60 })).toBe("revalidate (stale)");
  });

  test("serves a HEAD from what a GET stored, and nothing else", () => {
    expect(plan(minute, { method: "HEAD" })).toBe("serve fresh");
    expect(plan(minute, { method: "POST" })).toBe("forward (method)");
    expect(plan(minute, { method: "OPTIONS" })).toBe("forward (method)");
  });

  test("tells a key that is not there from a variant that is not", () => {
    const varies = [...cc("max-age=60"), ["Vary", "Foo"]] as const;

    expect(plan([])).toBe("forward (uri-miss)");
    expect(plan([stored(varies, { asked: [["Foo", "1"]] })])).toBe("forward (vary-miss)");
  });

  test("validates what has no-cache each time, and never lets it stand in (§5.2.2.4)", () => {
    const always = [stored([...cc("max-age=60, no-cache"), ["ETag", '"a"']])];

    expect(plan(always, { staleIfErrorMillis: 60 * SECOND })).toBe("revalidate (stale)");
    expect(plan(always, { headers: cc("max-stale") })).toBe("revalidate (stale)");
  });

  test("leaves conditions for an origin to the origin (§4.3.2)", () => {
    expect(plan(minute, { headers: [["If-Match", '"a"']] })).toBe("forward (request)");
    const since = "Sun, 06 Nov 1994 08:49:37 GMT";
    expect(plan(minute, { headers: [["If-Unmodified-Since", since]] })).toBe(
      "forward (request)",
    );
  });
});

describe("what a client asks for (§5.2.1)", () => {
  // Fresh for 60 seconds, looked at after 20.
  test.each([
    ["max-age=0", "revalidate (request)"],
    ["max-age=19", "revalidate (request)"],
    ["max-age=20", "serve fresh"],
    ["min-fresh=40", "serve fresh"],
    ["min-fresh=41", "revalidate (request)"],
    ["no-cache", "revalidate (request)"],
    ["no-store", "forward (request)"],
    ["max-stale=5", "serve fresh"],
    ["only-if-cached", "serve fresh"],
    ["only-if-cached, no-cache", "504"],
    ["nothing-to-see-here", "serve fresh"],
    ["max-age=x", "revalidate (request)"],
  ])("of something fresh, %p: %s", (line, expected) => {
    expect(plan(minute, { headers: cc(line), after: 20 })).toBe(expected);
  });

  // Stale for 20 seconds.
  test.each([
    ["max-stale", "serve stale"],
    ["max-stale=20", "serve stale"],
    ["max-stale=19", "revalidate (stale)"],
    ["max-stale, max-age=80", "serve stale"],
    ["max-stale, max-age=79", "revalidate (stale)"],
    ["max-stale, min-fresh=1", "revalidate (stale)"],
    ["max-stale, no-cache", "revalidate (stale)"],
    ["stale-if-error=21", "revalidate (stale), or serve"],
    ["stale-if-error=20", "revalidate (stale)"],
    ["only-if-cached", "504"],
    ["only-if-cached, max-stale", "serve stale"],
  ])("of something stale, %p: %s", (line, expected) => {
    expect(plan(minute, { headers: cc(line), after: 80 })).toBe(expected);
  });

  test("of nothing, only-if-cached: 504", () => {
    expect(plan([], { headers: cc("only-if-cached") })).toBe("504");
  });

  test("counts the age that something arrived with", () => {
    const aged = [stored([...cc("max-age=1500"), ["Age", "1000"]])];

    expect(plan(aged, { headers: cc("max-age=600") })).toBe("revalidate (request)");
    expect(plan(aged, { headers: cc("min-fresh=1000") })).toBe("revalidate (request)");
  });

  test("reads Pragma: no-cache (§5.4)", () => {
    expect(plan(minute, { headers: [["Pragma", "no-cache"]] })).toBe(
      "revalidate (request)",
    );
  });

  test("is not heard from one who may not refresh", () => {
    for (const line of ["no-cache", "no-store", "max-age=0", "min-fresh=99"]) {
      expect(plan(minute, { headers: cc(line), honoursRefresh: false })).toBe(
        "serve fresh",
      );
    }
  });

  test("revalidates on a reload of what is immutable: that is for clients (RFC 8246)", () => {
    const immutable = [stored(cc("max-age=60, immutable"))];

    expect(plan(immutable)).toBe("serve fresh");
    expect(plan(immutable, { headers: cc("max-age=0") })).toBe("revalidate (request)");
  });
});

describe("stale (§4.2.4, RFC 5861)", () => {
  test("is served while it is revalidated, within the window", () => {
    const window = [stored(cc("max-age=1, stale-while-revalidate=4"))];

    expect(plan(window, { after: 1 })).toBe("serve stale, revalidate");
    expect(plan(window, { after: 4.999 })).toBe("serve stale, revalidate");
    expect(plan(window, { after: 5 })).toBe("revalidate (stale)");
    expect(plan(window, { after: 3, headers: cc("max-age=9") })).toBe(
      "revalidate (stale)",
    );
  });

  test("stands in for an error as long as the origin says, else the operator", () => {
    const said = [stored(cc("max-age=1, stale-if-error=4"))];
    const silent = [stored(cc("max-age=1"))];
    const staleIfErrorMillis = 9 * SECOND;

    expect(plan(said, { after: 4.999 })).toBe("revalidate (stale), or serve");
    expect(plan(said, { after: 5, staleIfErrorMillis })).toBe("revalidate (stale)");
    expect(plan(silent, { after: 9.999, staleIfErrorMillis })).toBe(
      "revalidate (stale), or serve",
    );
    expect(plan(silent, { after: 10, staleIfErrorMillis })).toBe("revalidate (stale)");
  });

  test.each(["must-revalidate", "proxy-revalidate", "s-maxage=1", "no-cache"])(
    "is never served with %s",
    (directive) => {
      const strict = [
        stored(
          cc(`max-age=1, stale-while-revalidate=60, stale-if-error=60, ${directive}`),
        ),
      ];
      const staleIfErrorMillis = 60 * SECOND;

      for (const line of ["max-stale", "stale-if-error=60", "x"]) {
        const asks = { after: 2, headers: cc(line), staleIfErrorMillis };
        expect(plan(strict, asks)).toBe("revalidate (stale)");
      }
    },
  );
});

describe("parts", () => {
  const part = stored([...cc("max-age=60"), ["Content-Range", "bytes 5-9/10"]], {
    status: 206,
    body: "56789",
  });

  test("answer only what they hold", () => {
    expect(plan([part], { headers: [["Range", "bytes=6-8"]] })).toBe("serve fresh");
    expect(plan([part], { headers: [["Range", "bytes=-5"]] })).toBe("serve fresh");
    expect(plan([part], { headers: [["Range", "bytes=4-8"]] })).toBe("forward (partial)");
    expect(plan([part])).toBe("forward (partial)");
    expect(plan([part], { method: "HEAD" })).toBe("forward (partial)");
  });
});
