import { describe, expect, test } from "bun:test";
import {
  lastModifiedAt,
  meaningOf,
  refreshHeaders,
  validatorsOf,
} from "../../../src/domain/refresh/upstream-exchange.ts";
import { type Source, SOURCE_DEFAULTS } from "../../../src/domain/source/source.ts";

const source: Source = {
  ...SOURCE_DEFAULTS,
  id: "weather",
  name: "weather",
  baseUrl: "http://upstream.test",
  keyTemplate: "/{{path*}}",
  epoch: 1,
  createdAt: 0,
  updatedAt: 0,
};

/** What a status without headers means; conditional requests are told apart for 304 only. */
const answers = new Set([200, 203, 204, 404, 410]);
const redirects = new Set([301, 302, 303, 307, 308]);
const retried = new Set([408, 425]);

describe("meaningOf()", () => {
  test("is right for every status without headers", () => {
    for (let status = 100; status <= 599; status++) {
      const meaning = meaningOf(status, [], false, 0);
      const label =
        meaning._tag === "Failure" ? `Failure ${meaning.retry}` : meaning._tag;

      const expected = answers.has(status)
        ? "Answer"
        : status === 429
          ? "Refusal"
          : `Failure ${status >= 500 || retried.has(status)}`;
      expect([status, label]).toEqual([status, expected]);
    }
  });

  test.each([401, 403])("takes %d for a refusal of the credentials", (status) => {
    expect(meaningOf(status, [], true, 0)).toMatchObject({
      error: { code: "UPSTREAM_UNAUTHORIZED" },
      retry: false,
    });
  });

  test.each([...redirects])("follows %d where it says where to", (status) => {
    expect(meaningOf(status, [["Location", "/b"]], false, 0)).toEqual({
      _tag: "Redirect",
      location: "/b",
    });
  });

  test.each([300, 304, 305, 306])("does not follow %d", (status) => {
    expect(meaningOf(status, [["Location", "/b"]], false, 0)._tag).toBe("Failure");
  });

  test("believes a 304 only where it was asked for", () => {
    expect(meaningOf(304, [], true, 0)).toEqual({ _tag: "NotModified" });
    expect(meaningOf(304, [], false, 0)).toMatchObject({ _tag: "Failure", retry: false });
  });

  test.each<[number, [string, string][], number | undefined]>([
    [429, [], undefined],
    [429, [["Retry-After", "30"]], 31_000],
    [429, [["retry-after", "soon"]], undefined],
    [429, [["X-RateLimit-Reset", "7"]], 8_000],
    [503, [["Retry-After", "30"]], 31_000],
    [503, [["RETRY-AFTER", "0"]], 1_000],
  ])("takes %d with %p for a refusal until %p", (status, headers, notBefore) => {
    expect(meaningOf(status, headers, false, 1_000)).toEqual({
      _tag: "Refusal",
      notBefore,
    });
  });

  test("takes a 503 that names no instant for a failure that may pass", () => {
    expect(meaningOf(503, [["Retry-After", "soon"]], false, 0)).toMatchObject({
      _tag: "Failure",
      retry: true,
    });
  });
});

describe("refreshHeaders()", () => {
  const valueOf = (list: readonly (readonly [string, string])[], name: string) =>
    list.filter(([other]) => other.toLowerCase() === name).map(([, value]) => value);

  test("sends the source's headers in the place of ours, in whatever case", () => {
    const list = refreshHeaders(
      { ...source, defaultHeaders: { accept: "text/csv", "X-Key": "secret" } },
      undefined,
    );

    expect(valueOf(list, "accept")).toEqual(["text/csv"]);
    expect(valueOf(list, "x-key")).toEqual(["secret"]);
    expect(valueOf(list, "accept-encoding")).toHaveLength(1);
    expect(valueOf(list, "user-agent")).toHaveLength(1);
  });

  test("asks under the conditions that are known, and under no other", () => {
    const both = refreshHeaders(source, { etag: 'W/"a"', lastModified: "yesterday" });
    const none = refreshHeaders(source, { etag: undefined, lastModified: undefined });

    expect(valueOf(both, "if-none-match")).toEqual(['W/"a"']);
    expect(valueOf(both, "if-modified-since")).toEqual(["yesterday"]);
    expect(valueOf(none, "if-none-match")).toEqual([]);
    expect(valueOf(none, "if-modified-since")).toEqual([]);
  });
});

describe("validatorsOf()", () => {
  test("finds both in whatever case, and nothing where there is nothing", () => {
    expect(
      validatorsOf([
        ["ETag", '"a"'],
        ["LAST-MODIFIED", "x"],
      ]),
    ).toEqual({ etag: '"a"', lastModified: "x" });
    expect(validatorsOf([])).toEqual({ etag: undefined, lastModified: undefined });
  });
});

describe("lastModifiedAt()", () => {
  test.each([
    ["Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777_000],
    ["yesterday", undefined],
  ])("reads %p", (value, at) => {
    expect(lastModifiedAt([["Last-Modified", value]], 0)).toBe(at as never);
  });
});
