import { describe, expect, test } from "bun:test";
import { outcomeOf, renewalOf } from "../../../src/domain/refresh/refresh-outcome.ts";
import { type Source, SOURCE_DEFAULTS } from "../../../src/domain/source/source.ts";

/** Fresh for 10 minutes, stale for 10 more, a fallback for a day; 404 for a minute. */
const source: Source = {
  ...SOURCE_DEFAULTS,
  id: "weather",
  name: "weather",
  baseUrl: "http://upstream.test",
  keyTemplate: "/{{path*}}",
  epoch: 3,
  createdAt: 0,
  updatedAt: 0,
};

const answer = (status: number, text: string, headers: [string, string][] = []) =>
  outcomeOf(
    source,
    "/a",
    { path: "a" },
    {
      status,
      headers: [["Content-Type", "application/json"], ...headers],
      body: new TextEncoder().encode(text),
      requestAt: 1_000,
      responseAt: 2_000,
    },
  );

function entryOf(outcome: ReturnType<typeof outcomeOf>) {
  if (outcome._tag !== "Updated")
    throw new Error(`Expected an entry, got ${outcome._tag}`);
  return { ...outcome.entry, body: new TextDecoder().decode(outcome.entry.body) };
}

describe("outcomeOf()", () => {
  test("makes an entry whose life begins when the answer had come", () => {
    expect(entryOf(answer(200, '{"n":1}'))).toEqual({
      space: "s3",
      key: "/a",
      status: 200,
      headers: [],
      contentType: "application/json",
      encoding: "json",
      body: '{"n":1}',
      etag: expect.stringMatching(/^W\/"/),
      params: { path: "a" },
      lifetime: {
        storedAt: 2_000,
        freshUntil: 602_000,
        staleUntil: 1_202_000,
        fallbackUntil: 87_002_000,
      },
      requestAt: 1_000,
      responseAt: 2_000,
    });
  });

  test.each([404, 410])(
    "gives %d the negative life, without a stale window",
    (status) => {
      expect(entryOf(answer(status, "{}")).lifetime).toEqual({
        storedAt: 2_000,
        freshUntil: 62_000,
        staleUntil: 62_000,
        fallbackUntil: 62_000,
      });
    },
  );

  test("keeps of the headers only what a later refresh or an answer needs", () => {
    const { headers } = entryOf(
      answer(200, "{}", [
        ["ETag", '"up"'],
        ["Last-Modified", "x"],
        ["Set-Cookie", "secret"],
        ["X-RateLimit-Remaining", "3"],
        ["Date", "y"],
      ]),
    );

    expect(headers).toEqual([
      ["etag", '"up"'],
      ["last-modified", "x"],
      ["date", "y"],
    ]);
  });

  test("stores 204 as null, without a content type", () => {
    expect(entryOf(answer(204, ""))).toMatchObject({
      body: "null",
      encoding: "json",
      contentType: undefined,
      status: 204,
    });
  });

  test("fails where JSON does not parse, and a 404 then has no data", () => {
    expect(answer(200, "{")).toMatchObject({
      _tag: "Failed",
      error: { code: "BODY_INVALID" },
      retry: false,
    });
    expect(entryOf(answer(404, "<html>"))).toMatchObject({ body: "null", status: 404 });
  });
});

describe("renewalOf()", () => {
  test("begins a new life and keeps the headers that the 304 does not bring", () => {
    const before = [
      ["etag", '"up"'],
      ["last-modified", "x"],
      ["date", "old"],
    ] as const;

    const renewal = renewalOf(source, 'W/"ours"', before, {
      headers: [
        ["Date", "new"],
        ["X-Other", "1"],
      ],
      requestAt: 5_000,
      responseAt: 6_000,
    });

    expect(renewal).toEqual({
      _tag: "NotModified",
      etag: 'W/"ours"',
      headers: [
        ["etag", '"up"'],
        ["last-modified", "x"],
        ["date", "new"],
      ],
      lifetime: {
        storedAt: 6_000,
        freshUntil: 606_000,
        staleUntil: 1_206_000,
        fallbackUntil: 87_006_000,
      },
      requestAt: 5_000,
      responseAt: 6_000,
    });
  });
});
