/**
 * What must not come back, and what must not be kept: exchanges that cross each other, and
 * where there is no room or no store.
 */
import { afterAll, describe, expect, test } from "bun:test";
import type { ServerResponse } from "node:http";
import { asSystem } from "../../../src/services/audit/actor.ts";
import { changeCacheSettings } from "../../../src/services/api-proxy/change-cache-settings.ts";
import { eventually } from "../../support/service.ts";
import { timed } from "../../support/moving-clock.ts";
import { cached, dataPlane } from "./data-plane-service.ts";
import {
  labelOf,
  numbered,
  readWhole,
  reply,
  settled,
  statusOf,
  told,
  wholly,
} from "./replies.ts";

const plane = await dataPlane();
const small = await dataPlane({ memoryMaxBytes: 50_000 });
afterAll(async () => {
  await small[Symbol.asyncDispose]();
  await plane[Symbol.asyncDispose]();
});
const { callsOf, proxy, answers } = plane;
const { get, send } = readWhole(plane);

/** The next GET waits until it is let go; all else is answered at once. */
const holdingGet = (name: string) => {
  const waiting: ServerResponse[] = [];
  answers.set(name, (request, response) => {
    if (request.method === "GET" && waiting.length === 0) waiting.push(response);
    else reply("done")(request, response);
  });
  return async (body: string) => {
    answers.set(name, reply("new"));
    for (const response of waiting) response.end(body);
  };
};
const called = (name: string, count: number) =>
  eventually(
    async () => callsOf(`/${name}/`).length,
    (calls) => calls >= count,
  );

describe.each(["DISTRIBUTED", "LOCAL"] as const)("under %s", (cacheStorageType) => {
  const suffix = cacheStorageType.toLowerCase();

  test("a GET that an unsafe request overtakes is not stored", async () => {
    const name = `overtaken-${suffix}`;
    await proxy(name, { settings: { cacheStorageType } });
    const letGo = holdingGet(name);
    const asked = get(`${name}/a`);
    await called(name, 1);
    expect((await send("PUT", `${name}/a`, { body: "x" })).status).toBe(200);
    await letGo("old");
    const old = await asked;
    expect(await told(old)).toBe("MISS old");
    expect(statusOf(old)).toContain('detail="purged meanwhile"');
    expect(await told(await get(`${name}/a`))).toBe("MISS new");
  });

  test("a GET that a change of the settings overtakes is not stored", async () => {
    const name = `changed-${suffix}`;
    await proxy(name, { settings: { cacheStorageType } });
    const letGo = holdingGet(name);
    const asked = get(`${name}/a`);
    await called(name, 1);
    const of = { projectName: "shop", apiProxyName: name };
    const settings = { ...cached, cacheStorageType, ttl: 30 };
    await plane.service.run(asSystem(changeCacheSettings(of, undefined, settings)));
    await letGo("old");
    await asked;
    expect(await told(await get(`${name}/a`))).toBe("MISS new");
  });

  test("a call behind a hit that an unsafe request overtakes does not renew", async () => {
    const name = `behind-${suffix}`;
    await proxy(name, {
      answer: numbered(),
      settings: { cacheStorageType, handlingAction: "CONTINUE" },
    });
    await get(`${name}/a`);
    const letGo = holdingGet(name);
    expect(labelOf(await get(`${name}/a`))).toBe("HIT");
    await called(name, 2);
    await send("PUT", `${name}/a`, { body: "x" });
    await letGo("old");
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await told(await get(`${name}/a`))).toBe("MISS new");
  });
});

test("who waits for a GET that is overtaken asks for itself", async () => {
  await proxy("waiting", { settings: {} });
  const letGo = holdingGet("waiting");
  const leader = get("waiting/a").then(told);
  await called("waiting", 1);
  const follower = get("waiting/a").then(told);
  await settled(get, "waiting/a");
  await send("PUT", "waiting/a", { body: "x" });
  await letGo("old");
  expect([await leader, await follower]).toEqual(["MISS old", "MISS new"]);
});

test("what finds no room in memory under LOCAL is passed on, and Cache-Status says so", async () => {
  await small.proxy("roomless", {
    answer: reply("x".repeat(60_000)),
    settings: { cacheStorageType: "LOCAL" },
  });
  for (let i = 0; i < 2; i += 1) {
    const answer = await wholly(small.get("roomless/a"));
    expect(statusOf(answer)).toContain('detail="no room for it in memory"');
    expect(labelOf(answer)).toBe("MISS");
    expect((await answer.text()).length).toBe(60_000);
  }
});

test("what a 304 has confirmed and finds no room any more is not told to be stored", async () => {
  const headers = { ETag: '"1"', "Cache-Control": "no-cache" };
  await small.proxy("grown", {
    answer: (request, response) =>
      request.headers["if-none-match"] === undefined
        ? reply("x".repeat(40_000), headers)(request, response)
        : reply("", { ...headers, "X-Long": "x".repeat(6_000) }, 304)(request, response),
    settings: { cacheStorageType: "LOCAL", ttl: undefined },
  });
  expect(statusOf(await wholly(small.get("grown/a")))).toContain(";stored");
  const confirmed = await wholly(small.get("grown/a"));
  expect(statusOf(confirmed)).toMatch(/^uni-cache;fwd=stale;fwd-status=304;ttl=/);
});

test("what finds no room in memory under DISTRIBUTED is served from the store", async () => {
  await small.proxy("stored-only", { answer: reply("x".repeat(60_000)), settings: {} });
  await wholly(small.get("stored-only/a"));
  expect(labelOf(await wholly(small.get("stored-only/a")))).toBe("HIT");
  expect(small.callsOf("/stored-only/")).toHaveLength(1);
});

describe("preconditions of a request that changes something", () => {
  test.each([
    ["PUT", "If-Match", '"v1"'],
    ["PUT", "If-None-Match", "*"],
    ["PATCH", "If-Unmodified-Since", "Sun, 06 Nov 1994 08:49:37 GMT"],
    ["DELETE", "If-Match", '"v1"'],
  ])(
    "%s with %s: %s go to the origin though all methods are cached",
    async (method, name, value) => {
      const proxyName = `change-${method}-${name}`.toLowerCase();
      await proxy(proxyName, {
        answer: numbered(),
        settings: { cacheOnlyHttpGetRequests: false },
      });
      const init = { headers: { [name]: value }, body: "x" };
      await send(method, `${proxyName}/a`, init);
      await send(method, `${proxyName}/a`, init);
      const calls = callsOf(`/${proxyName}/`);
      expect(calls.map(({ headers }) => headers[name.toLowerCase()])).toEqual([
        value,
        value,
      ]);
    },
  );
});

test("a client that takes no coding is answered from the cache while a coded variant is fresh", async () => {
  await proxy("codings", {
    answer: (request, response) => {
      const takes = `${request.headers["accept-encoding"]}`.includes("gzip");
      reply(
        takes ? Bun.gzipSync("text") : "text",
        takes ? { "Content-Encoding": "gzip" } : {},
      )(request, response);
    },
    settings: {},
  });
  await get("codings/a", { "accept-encoding": "gzip" });
  await get("codings/a", { "accept-encoding": "identity" });
  expect(await told(await get("codings/a", { "accept-encoding": "identity" }))).toBe(
    "HIT text",
  );
  const coded = await get("codings/a", { "accept-encoding": "gzip" });
  expect(labelOf(coded)).toBe("HIT");
});

test.each([
  ["DISTRIBUTED", 60],
  ["LOCAL", 60],
  ["DISTRIBUTED", undefined],
] as const)(
  "an unsafe method invalidates its target under a CUSTOM key, whatever the variables: %s, ttl %p",
  async (cacheStorageType, ttl) => {
    const name = `custom-unsafe-${cacheStorageType}-${ttl}`.toLowerCase();
    await proxy(name, {
      answer: numbered({ "Cache-Control": "max-age=60" }),
      settings: {
        cacheStorageType,
        ttl,
        cacheKeyType: "CUSTOM",
        variableList: [
          {
            name: "version",
            dataType: "STRING",
            from: { type: "HEADER", headerName: "X-Version" },
          },
        ],
      },
    });
    await get(`${name}/a`, { "x-version": "1" });
    await get(`${name}/ab`, { "x-version": "1" });
    await send("PUT", `${name}/a`, { body: "x" });
    expect(labelOf(await get(`${name}/a`, { "x-version": "1" }))).toBe("MISS");
    expect(labelOf(await get(`${name}/ab`, { "x-version": "1" }))).toBe("HIT");
  },
);

test("HEAD of an endpoint for GET hits what GET has stored, and misses as HEAD", async () => {
  await proxy("heads", {
    answer: numbered(),
    proxy: { creationType: "OPEN_API" },
    endpoints: [{ name: "/a/{id}", settings: {} }],
  });
  const miss = await send("HEAD", "heads/a/1");
  expect([miss.status, await told(miss)]).toEqual([200, "MISS "]);
  expect(callsOf("/heads/")[0]?.method).toBe("HEAD");
  await get("heads/a/1");
  expect(labelOf(await send("HEAD", "heads/a/1"))).toBe("HIT");
});

test("two proxies over one source have nothing of each other", async () => {
  await proxy("twin-one", { answer: numbered(), settings: {} });
  await proxy("twin-two", {
    answer: numbered(),
    source: { base_url: `${plane.upstream.url}/twin-one` },
    settings: {},
  });
  expect(await told(await get("twin-one/a"))).toBe("MISS call 1");
  expect(await told(await get("twin-two/a"))).toBe("MISS call 2");
});

test("many who come to an expired entry are one call", async () => {
  await proxy("expired", { answer: numbered(), settings: { ttl: 60 } });
  await get("expired/a");
  await plane.age(61_000);
  const said = await Promise.all(
    Array.from({ length: 30 }, () => get("expired/a").then(told)),
  );
  expect(new Set(said)).toEqual(new Set(["MISS call 2", "HIT call 2"]));
  expect(callsOf("/expired/")).toHaveLength(2);
});

test.each(["LOCAL", "DISTRIBUTED"] as const)(
  "a capacity that is lowered holds within a second of the next write, under %s",
  async (cacheStorageType) => {
    const name = `lowered-${cacheStorageType.toLowerCase()}`;
    await proxy(name, { settings: { cacheStorageType, capacity: 50 } });
    for (let i = 0; i < 12; i += 1) await get(`${name}/${i}`);
    const of = { projectName: "shop", apiProxyName: name };
    const settings = { ...cached, cacheStorageType, capacity: 2 };
    await plane.service.run(asSystem(changeCacheSettings(of, undefined, settings)));
    await get(`${name}/last`);
    const only = { "cache-control": "only-if-cached" };
    const found = async () => {
      const answers = await Promise.all(
        [...Array.from({ length: 12 }, (_, index) => `${index}`), "last"].map((path) =>
          get(`${name}/${path}`, only),
        ),
      );
      return answers.filter(({ status }) => status === 200).length;
    };
    const { millis } = await timed(plane.service, () =>
      eventually(found, (count) => count <= 2),
    );
    expect(millis).toBeLessThan(1_000);
    // Which two it is, the asking itself decides: it uses them all.
    expect(await found()).toBe(2);
  },
);
