import { describe, expect, test } from "bun:test";
import type { HeaderList } from "../../../src/domain/entry/entry.ts";
import {
  conditionOf,
  notModifiedHeaders,
} from "../../../src/domain/http-cache/conditional.ts";
import {
  entityTag,
  matchesStrongly,
} from "../../../src/domain/http-cache/entity-tags.ts";
import { httpDate } from "../../../src/domain/http-cache/http-date.ts";
import { NOON, SECOND, stored } from "./stored.ts";

const date = (seconds: number) => httpDate(NOON + seconds * SECOND);
const one = stored([
  ["ETag", '"abc"'],
  ["Last-Modified", date(-100)],
  ["Date", date(0)],
]);
const weak = stored([["ETag", 'W/"abc"']]);
const bare = stored([["Date", date(0)]]);

const ask = (headers: HeaderList, held = one, method = "GET") =>
  conditionOf({ method, headers }, held);

describe("conditionOf() (RFC 9110 §13.2.2)", () => {
  test.each([
    ['"abc"', "NotModified"],
    ['W/"abc"', "NotModified"],
    ['"1", "abc", "2"', "NotModified"],
    ['"1","2","abc"', "NotModified"],
    ["*", "NotModified"],
    ['"ABC"', "Proceed"],
    ['"1"', "Proceed"],
    ["abc", "Proceed"],
    ["", "Proceed"],
  ])("If-None-Match: %s: %s (§13.1.2)", (value, expected) => {
    expect(ask([["If-None-Match", value]])).toBe(expected as never);
    expect(ask([["If-None-Match", value]], weak)).toBe(expected as never);
    expect(ask([["if-none-match", value]], one, "HEAD")).toBe(expected as never);
  });

  test("If-None-Match goes before If-Modified-Since", () => {
    const early = ["If-Modified-Since", date(-500)] as const;
    const late = ["If-Modified-Since", date(+500)] as const;

    expect(ask([["If-None-Match", '"abc"'], early])).toBe("NotModified");
    expect(ask([["If-None-Match", '"1"'], late])).toBe("Proceed");
  });

  test("If-Modified-Since looks at Last-Modified (§13.1.3)", () => {
    expect(ask([["If-Modified-Since", date(-100)]])).toBe("NotModified");
    expect(ask([["If-Modified-Since", date(-50)]])).toBe("NotModified");
    expect(ask([["If-Modified-Since", date(-101)]])).toBe("Proceed");
    expect(ask([["If-Modified-Since", "yesterday"]])).toBe("Proceed");
    const rfc850 = "Friday, 20-Nov-26 12:00:00 GMT";
    expect(ask([["If-Modified-Since", rfc850]])).toBe("NotModified");
  });

  test("If-Modified-Since looks at Date where there is no Last-Modified (RFC 9111 §4.3.2)", () => {
    expect(ask([["If-Modified-Since", date(0)]], bare)).toBe("NotModified");
    expect(ask([["If-Modified-Since", date(-1)]], bare)).toBe("Proceed");
  });

  test("counts nothing where the answer is no 2xx (§13.2.1)", () => {
    const gone = stored([["ETag", '"abc"']], { status: 404 });

    expect(ask([["If-None-Match", '"abc"']], gone)).toBe("Proceed");
  });

  test("leaves If-Match and If-Unmodified-Since to an origin (RFC 9111 §4.3.2)", () => {
    expect(ask([["If-Match", '"1"']])).toBe("Proceed");
    expect(ask([["If-Unmodified-Since", date(-500)]])).toBe("Proceed");
  });

  test.each<readonly [HeaderList, string]>([
    [[["If-Match", '"abc"']], "Proceed"],
    [[["If-Match", "*"]], "Proceed"],
    [[["If-Match", 'W/"abc"']], "PreconditionFailed"],
    [[["If-Match", '"1"']], "PreconditionFailed"],
    [
      [
        ["If-Match", '"abc"'],
        ["If-Unmodified-Since", date(-500)],
      ],
      "Proceed",
    ],
    [[["If-Unmodified-Since", date(-100)]], "Proceed"],
    [[["If-Unmodified-Since", date(-101)]], "PreconditionFailed"],
    [[["If-Unmodified-Since", "x"]], "Proceed"],
    [
      [
        ["If-Match", '"abc"'],
        ["If-None-Match", '"abc"'],
      ],
      "NotModified",
    ],
    [
      [
        ["If-Match", '"1"'],
        ["If-None-Match", '"abc"'],
      ],
      "PreconditionFailed",
    ],
  ])("in an origin's place, %p: %s", (headers, expected) => {
    expect(conditionOf({ method: "GET", headers }, one, true)).toBe(expected as never);
  });
});

describe("notModifiedHeaders() (RFC 9110 §15.4.5)", () => {
  test("keeps what has to be there and what is about no representation", () => {
    const kept: HeaderList = [
      ["Date", "d"],
      ["ETag", "e"],
      ["Cache-Control", "c"],
      ["Expires", "x"],
      ["Vary", "v"],
      ["Content-Location", "l"],
      ["Content-Security-Policy", "p"],
      ["Access-Control-Allow-Origin", "*"],
    ];
    const dropped: HeaderList = [
      ["Content-Type", "t"],
      ["Content-Length", "1"],
      ["Content-Encoding", "gzip"],
      ["Last-Modified", "m"],
    ];

    expect(notModifiedHeaders([...dropped, ...kept])).toEqual(kept);
    expect(notModifiedHeaders([["Last-Modified", "m"]])).toHaveLength(1);
  });
});

describe("entity tags (RFC 9110 §8.8.3.2)", () => {
  test("compare strongly only where both are strong", () => {
    const tags = ['"1"', 'W/"1"'].flatMap((text) => entityTag(text) ?? []);
    const pairs = tags.flatMap((a) => tags.map((b) => matchesStrongly(a, b)));

    expect(pairs).toEqual([true, false, false, false]);
  });

  test("may hold what is not ASCII, but no quote", () => {
    expect(entityTag('"abcdefü"')?.opaque).toBe("abcdefü");
    for (const bad of ['"a"b"', 'w/"a"', 'W"a"', '"a', "a", ""]) {
      expect(entityTag(bad)).toBeUndefined();
    }
  });
});
