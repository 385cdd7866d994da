/**
 * Microseconds of one decision of the HTTP cache, beside the npm package
 * `http-cache-semantics` deciding the same in the same run:
 *
 * - hit: what becomes of a browser's request for something that is stored and fresh;
 * - reply: whether a typical reply may be stored, and how long it lives.
 *
 * Ours starts from header lines as they came. Theirs takes objects of lower-case names: once
 * made from the same lines in each decision, once ready beforehand. Each is the median of rounds
 * that take turns. Usage: bun bench/http-cache.ts [rounds], 31 by default
 *
 * @module
 */
import CachePolicy from "http-cache-semantics";
import type { HeaderList } from "../src/domain/entry/entry.ts";
import type { StoredResponse } from "../src/domain/gateway/stored-response.ts";
import { responseDirectives } from "../src/domain/http-cache/cache-control.ts";
import { lifetimeOf } from "../src/domain/http-cache/freshness.ts";
import { reusePlan } from "../src/domain/http-cache/reuse.ts";
import { storedHeaders } from "../src/domain/http-cache/stored-headers.ts";
import { mayStore } from "../src/domain/http-cache/storing.ts";
import { selectingOf, variantName } from "../src/domain/http-cache/vary.ts";

const ROUNDS = Number(process.argv[2] ?? 31);
const TIMES = 20_000;
const NOW = Date.now();
const URL_OF = "https://shop.example/products/17?lang=en";

const asked: HeaderList = [
  ["Host", "shop.example"],
  [
    "User-Agent",
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
  ],
  ["Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"],
  ["Accept-Language", "en-US,en;q=0.5"],
  ["Accept-Encoding", "gzip, deflate, br, zstd"],
  ["Referer", "https://shop.example/products"],
  ["Cookie", "theme=dark; visits=17"],
  ["Sec-Fetch-Dest", "document"],
  ["Sec-Fetch-Mode", "navigate"],
  ["Sec-Fetch-Site", "same-origin"],
  ["Priority", "u=0, i"],
];
const replied: HeaderList = [
  ["Date", new Date(NOW).toUTCString()],
  ["Content-Type", "application/json; charset=utf-8"],
  ["Content-Length", "2"],
  ["Content-Encoding", "gzip"],
  ["Cache-Control", "public, max-age=600, stale-while-revalidate=30"],
  ["ETag", '"5f3c-62a1b7"'],
  ["Last-Modified", new Date(NOW - 86_400_000).toUTCString()],
  ["Vary", "Accept-Encoding"],
  ["Age", "12"],
  ["X-Request-Id", "0f8fad5b-d9cb-469f-a165-70867728950e"],
  ["Strict-Transport-Security", "max-age=31536000"],
];
const record = (headers: HeaderList) =>
  Object.fromEntries(headers.map(([name, value]) => [name.toLowerCase(), value]));
const request = { method: "GET", url: URL_OF, headers: record(asked) };
const response = { status: 200, headers: record(replied) };
const times = { requestAt: NOW, responseAt: NOW, staleIfErrorMillis: 0 };

const selecting = selectingOf(asked, replied) ?? {};
const stored: StoredResponse = {
  space: "g1",
  key: "p GET /products/17",
  variant: variantName(selecting),
  selecting,
  status: 200,
  headers: storedHeaders(replied, NOW),
  body: new Uint8Array(2),
  params: {},
  lifetime: lifetimeOf({ status: 200, headers: replied }, times),
  policy: "rfc9111",
  withCredentials: false,
  requestAt: NOW,
  responseAt: NOW,
};
const policy = new CachePolicy(request, response);

function ourHit(): boolean {
  const plan = reusePlan({
    request: { method: "GET", headers: asked },
    stored: [stored],
    now: NOW + 1_000,
    honoursRefresh: true,
    staleIfErrorMillis: 0,
  });
  return plan._tag === "Serve";
}

function ourReply(): boolean {
  const head = { status: 200, headers: replied };
  const said = responseDirectives(replied);
  const exchanged = {
    request: { method: "GET", url: URL_OF, headers: asked },
    response: head,
    isComplete: true,
  };
  return (
    mayStore(exchanged, said)._tag === "Storable" &&
    lifetimeOf(head, times, said).freshUntil > NOW
  );
}

const isServed = (presented: typeof request) =>
  policy.satisfiesWithoutRevalidation(presented);

function isKept(presented: typeof request, came: typeof response): boolean {
  const made = new CachePolicy(presented, came);
  return made.storable() && made.timeToLive() > 0;
}

const fromLines = () => ({ method: "GET", url: URL_OF, headers: record(asked) });

const subjects = {
  "hit: reusePlan": ourHit,
  "hit: from lines": () => isServed(fromLines()),
  "hit: from objects": () => isServed(request),
  "reply: mayStore + lifetimeOf": ourReply,
  "reply: from lines": () =>
    isKept(fromLines(), { status: 200, headers: record(replied) }),
  "reply: from objects": () => isKept(request, response),
};

const micros = new Map<string, number[]>();
for (let round = 0; round < ROUNDS; round++) {
  for (const [name, decide] of Object.entries(subjects)) {
    let yes = 0;
    const startedAt = performance.now();
    for (let time = 0; time < TIMES; time++) if (decide()) yes++;
    const spent = ((performance.now() - startedAt) * 1_000) / TIMES;
    if (yes !== TIMES) throw new Error(`${name}: ${yes} of ${TIMES}`);
    micros.set(name, [...(micros.get(name) ?? []), spent]);
  }
}

const median = (name: string) => {
  const sorted = (micros.get(name) ?? []).toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
};
const decisions = { hit: "hit: reusePlan", reply: "reply: mayStore + lifetimeOf" };
console.table(
  Object.entries(decisions).flatMap(([decision, ours]) =>
    ["from lines", "from objects"].map((input) => {
      const [one, other] = [median(ours), median(`${decision}: ${input}`)];
      return {
        decision,
        "ours, µs": one.toFixed(2),
        "http-cache-semantics, µs": other.toFixed(2),
        input,
        ratio: (one / other).toFixed(2),
      };
    }),
  ),
);
