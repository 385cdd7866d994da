/**
 * "Why wasn't it cached?": `Cache-Status` and `X-UC-Cache`, a row for each reason.
 *
 * Source: RFC 9211; contract §7.11.
 */
import { afterAll, describe, expect, test } from "bun:test";
import type { CacheSettings } from "../../../src/domain/api-proxy/cache-settings.ts";
import type { Answer } from "../../support/counting-upstream.ts";
import { dataPlane } from "./data-plane-service.ts";
import { labelOf, readWhole, reply, statusOf, statusSince } from "./replies.ts";

const plane = await dataPlane();
afterAll(() => plane[Symbol.asyncDispose]());
const { proxy, answers } = plane;
const { get, send } = readWhole(plane);

interface Row {
  readonly why: string;
  readonly settings?: Partial<CacheSettings>;
  readonly answer?: Answer;
  readonly source?: Readonly<Record<string, unknown>>;
  /** Asked before, if anything is; `age` passes then. */
  readonly before?: Record<string, string>;
  readonly age?: number;
  readonly afterwards?: Answer;
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  readonly label: string;
  /** A `ttl` as it would be at once. */
  readonly status: string | RegExp;
}

const RFC = { ttl: undefined };
const fresh = { "Cache-Control": "max-age=60" };
const post = { method: "POST", body: "x" } as const;
const custom = {
  cacheKeyType: "CUSTOM",
  variableList: [
    { name: "v", dataType: "STRING", from: { type: "HEADER", headerName: "v" } },
  ],
} as const;
const missed = (why: string) => `uni-cache;fwd=uri-miss;detail="${why}"`;
const stored = (why: string) => `uni-cache;fwd=${why};stored;ttl=60`;

const ttlRows: readonly Row[] = [
  { why: "a hit", before: {}, label: "HIT", status: "uni-cache;hit;ttl=60" },
  { why: "nothing is stored", label: "MISS", status: stored("uri-miss") },
  {
    why: "another variant is stored",
    answer: reply("x", { Vary: "X-Lang" }),
    before: { "x-lang": "de" },
    headers: { "x-lang": "en" },
    label: "MISS",
    status: stored("vary-miss"),
  },
  {
    why: "the entry is too old",
    before: {},
    age: 61_000,
    label: "MISS",
    status: stored("stale"),
  },
  {
    why: "the client wants a new one",
    before: {},
    headers: { "cache-control": "no-cache" },
    label: "MISS",
    status: stored("request"),
  },
  {
    why: "the client wants nothing stored",
    before: {},
    headers: { "cache-control": "no-store" },
    label: "BYPASS",
    status: 'uni-cache;fwd=request;detail="no-store"',
  },
  {
    why: "the method is not cached",
    ...post,
    label: "BYPASS",
    status: "uni-cache;fwd=method",
  },
  {
    why: "OPTIONS is never cached",
    settings: { cacheOnlyHttpGetRequests: false },
    method: "OPTIONS",
    label: "BYPASS",
    status: "uni-cache;fwd=method",
  },
  {
    why: "no settings are active",
    settings: { cacheActive: false },
    label: "BYPASS",
    status: 'uni-cache;fwd=bypass;detail="no cache settings are active"',
  },
  {
    why: "the request's body is too large for a key",
    settings: { cacheOnlyHttpGetRequests: false },
    method: "POST",
    body: "x".repeat(1_048_577),
    label: "BYPASS",
    status: 'uni-cache;fwd=bypass;detail="request body too large for a key"',
  },
  {
    why: "a null value",
    answer: reply("{}"),
    label: "MISS",
    status: /^uni-cache;fwd=uri-miss(;ttl=\d+)?;detail="null value"$/,
  },
  {
    why: "the status",
    answer: reply("x", {}, 500),
    label: "MISS",
    status: missed("status 500"),
  },
  {
    why: "Vary: *",
    answer: reply("x", { Vary: "*" }),
    label: "MISS",
    status: missed("Vary: *"),
  },
  {
    why: "credentials outside of the key",
    headers: { cookie: "a=b" },
    label: "MISS",
    status: missed("credentials are no part of the key"),
  },
  {
    why: "credentials outside of a CUSTOM key",
    settings: custom,
    headers: { authorization: "Basic YQ==" },
    label: "MISS",
    status: missed("credentials are no part of the key"),
  },
  {
    why: "the body is too large, as its length says",
    source: { max_body_bytes: 10 },
    answer: reply("x".repeat(11), { "Content-Length": "11" }),
    label: "MISS",
    status: missed("body too large"),
  },
  {
    why: "the body is too large, as it turns out",
    source: { max_body_bytes: 10 },
    answer: (_, response) => {
      // Both in one piece on the wire, and no word of their length.
      response.writeHead(200);
      response.write("x".repeat(6));
      response.end("x".repeat(6));
    },
    label: "MISS",
    status: missed("body too large"),
  },
  {
    why: "a HEAD that finds nothing",
    method: "HEAD",
    label: "MISS",
    status: "uni-cache;fwd=uri-miss",
  },
  {
    why: "an old answer stands in for an error",
    before: {},
    age: 61_000,
    afterwards: reply("broken", {}, 500),
    label: "STALE",
    status: "uni-cache;fwd=stale;fwd-status=500;ttl=-1",
  },
  {
    why: "an old answer stands in for none",
    before: {},
    age: 61_000,
    afterwards: (request) => void request.socket.destroy(),
    label: "STALE",
    status: 'uni-cache;fwd=stale;ttl=-1;detail="upstream failed"',
  },
  {
    why: "an old answer stands in while no call is free",
    source: { rate_limit: { per_minute: 1 } },
    before: {},
    age: 61_000,
    label: "STALE",
    status: 'uni-cache;fwd=stale;ttl=-1;detail="no call is free"',
  },
  {
    why: "the upstream confirms the old answer",
    answer: reply("x", { ETag: '"1"' }),
    before: {},
    age: 61_000,
    afterwards: reply("", { ETag: '"1"' }, 304),
    label: "MISS",
    status: "uni-cache;fwd=stale;fwd-status=304;stored;ttl=60",
  },
  {
    why: "a part is cut out of a miss",
    headers: { range: "bytes=0-0" },
    label: "MISS",
    status: stored("uri-miss"),
  },
  {
    why: "a cache before us has spoken",
    answer: reply("x", { "Cache-Status": "Origin-CDN; hit" }),
    before: {},
    label: "HIT",
    status: "Origin-CDN; hit, uni-cache;hit;ttl=60",
  },
];

const rfcRows: readonly Row[] = [
  {
    why: "a hit",
    answer: reply("x", fresh),
    before: {},
    label: "HIT",
    status: "uni-cache;hit;ttl=60",
  },
  {
    why: "nothing is stored",
    answer: reply("x", fresh),
    label: "MISS",
    status: stored("uri-miss"),
  },
  {
    why: "the origin forbids storing",
    answer: reply("x", { "Cache-Control": "no-store" }),
    label: "MISS",
    status: missed("no-store"),
  },
  {
    why: "it is private",
    answer: reply("x", { "Cache-Control": "private, max-age=60" }),
    label: "MISS",
    status: missed("private"),
  },
  {
    why: "it varies by everything",
    answer: reply("x", { ...fresh, Vary: "*" }),
    label: "MISS",
    status: missed("vary-star"),
  },
  {
    why: "the status is not heuristically cacheable",
    answer: reply("x", { "Last-Modified": "Sun, 06 Nov 1994 08:49:37 GMT" }, 302),
    label: "MISS",
    status: missed("status"),
  },
  {
    why: "the status is not understood, as it must be",
    answer: reply("x", { "Cache-Control": "max-age=60, must-understand" }, 299),
    label: "MISS",
    status: missed("status-not-understood"),
  },
  {
    why: "it was asked with credentials",
    answer: reply("x", fresh),
    headers: { authorization: "Basic YQ==" },
    label: "MISS",
    status: missed("credentials are no part of the key"),
  },
  {
    why: "neither freshness nor a validator",
    answer: reply("x"),
    label: "MISS",
    status: missed("no freshness and no validator"),
  },
  {
    why: "a null value",
    answer: reply("[]", fresh),
    label: "MISS",
    status: /^uni-cache;fwd=uri-miss(;ttl=\d+)?;detail="null value"$/,
  },
  {
    why: "a part that nobody asked for",
    answer: reply("x", { ...fresh, "Content-Range": "bytes 0-0/10" }, 206),
    label: "MISS",
    status: missed("partial"),
  },
  {
    why: "the method is not cached",
    ...post,
    settings: { cacheOnlyHttpGetRequests: false },
    label: "BYPASS",
    status: "uni-cache;fwd=method",
  },
  {
    why: "the client's own condition goes to the origin",
    answer: reply("x", { ...fresh, ETag: '"1"' }),
    before: {},
    headers: { "if-match": '"1"' },
    label: "MISS",
    status: stored("request"),
  },
  {
    why: "another variant is stored",
    answer: reply("x", { ...fresh, Vary: "X-Lang" }),
    before: { "x-lang": "de" },
    headers: { "x-lang": "en" },
    label: "MISS",
    status: stored("vary-miss"),
  },
  {
    why: "the entry is stale",
    answer: reply("x", fresh),
    before: {},
    age: 61_000,
    label: "MISS",
    status: stored("stale"),
  },
  {
    why: "a stale one is served while it is renewed",
    answer: reply("x", { "Cache-Control": "max-age=60, stale-while-revalidate=60" }),
    before: {},
    age: 61_000,
    label: "STALE",
    status: "uni-cache;hit;ttl=-1",
  },
];

const run = async (name: string, row: Row, mode: Partial<CacheSettings>) => {
  const {
    settings = {},
    before,
    age,
    afterwards,
    headers = {},
    method = "GET",
    body,
  } = row;
  const startedAt = performance.now();
  await proxy(name, {
    answer: row.answer ?? reply("x"),
    settings: { ...mode, ...settings },
    ...(row.source === undefined ? {} : { source: row.source }),
  });
  if (before !== undefined) await get(`${name}/a`, before);
  if (age !== undefined) await plane.age(age);
  if (afterwards !== undefined) answers.set(name, afterwards);
  const init = body === undefined ? { headers } : { headers, body };
  const answer = await send(method, `${name}/a`, init);
  await answer.arrayBuffer();
  expect(labelOf(answer)).toBe(row.label);
  if (typeof row.status !== "string") expect(statusOf(answer)).toMatch(row.status);
  else expect(statusSince(startedAt, answer, row.status)).toBe(row.status);
};

describe("under a ttl Cache-Status says that", () => {
  test.each(ttlRows.map((row, index) => [row.why, index, row] as const))(
    "%s",
    (_, index, row) => run(`t-${index}`, row, {}),
  );
});

describe("with the ttl absent Cache-Status says that", () => {
  test.each(rfcRows.map((row, index) => [row.why, index, row] as const))(
    "%s",
    (_, index, row) => run(`r-${index}`, row, RFC),
  );
});
