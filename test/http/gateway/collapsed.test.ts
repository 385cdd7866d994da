/**
 * Contract §7.10: misses that come together, and misses when the quota is spent.
 */
import { afterAll, describe, expect, test } from "bun:test";
import type { ServerResponse } from "node:http";
import { eventually, testService } from "../../support/service.ts";
import { dataPlane } from "./data-plane-service.ts";
import { timed } from "../../support/moving-clock.ts";
import {
  numbered,
  readWhole,
  reply,
  settled,
  statusOf,
  statusSince,
  told,
  turns,
  wholly,
} from "./replies.ts";

const plane = await dataPlane();
afterAll(() => plane[Symbol.asyncDispose]());
const { callsOf, proxy } = plane;
const { get, send } = readWhole(plane);

const called = (name: string, count: number) =>
  eventually(
    async () => callsOf(`/${name}/`).length,
    (calls) => calls >= count,
  );
/** An upstream whose answers wait until they are let go. */
const held = () => {
  const waiting: ServerResponse[] = [];
  return {
    waiting,
    answer: (_: unknown, response: ServerResponse) => void waiting.push(response),
    letGo: (body: string, headers = {}, status = 200) => {
      const answer = reply(body, headers, status);
      for (const response of waiting.splice(0)) answer(response.req, response);
    },
  };
};
const many = (count: number, ask: () => Promise<Response>) =>
  Promise.all(Array.from({ length: count }, () => ask().then(told)));
const countsOf = (words: readonly string[]) => {
  const counts: Record<string, number> = {};
  for (const word of words) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
};

describe.each([
  ["ttl", {}],
  ["rfc", { ttl: undefined }],
] as const)("misses of one key under %s", (mode, settings) => {
  const cacheable = { "Cache-Control": "max-age=60" };

  test.each(["DISTRIBUTED", "LOCAL"] as const)(
    "a hundred at once are one call, and all get its answer, under %s",
    async (cacheStorageType) => {
      const name = `hundred-${mode}-${cacheStorageType.toLowerCase()}`;
      const { answer, letGo } = held();
      await proxy(name, { answer, settings: { ...settings, cacheStorageType } });
      const asked = many(100, () => get(`${name}/a`));
      await called(name, 1);
      await settled(get, `${name}/a`);
      letGo("one", cacheable);
      const said = await asked;
      expect(countsOf(said)).toEqual({ "MISS one": 1, "HIT one": 99 });
      expect(callsOf(`/${name}/`)).toHaveLength(1);
    },
  );

  test("each goes up itself where the leader's answer may not be stored", async () => {
    const name = `unstored-${mode}`;
    let calls = 0;
    await proxy(name, {
      answer: (_, response) => {
        const call = ++calls;
        setTimeout(() => {
          response.writeHead(mode === "ttl" ? 500 : 200, { "Cache-Control": "no-store" });
          response.end(`own ${call}`);
        }, 20);
      },
      settings,
    });
    const said = await many(20, () => get(`${name}/a`));
    expect(new Set(said).size).toBe(20);
    expect(callsOf(`/${name}/`)).toHaveLength(20);
  });

  test("where it is not stored, those who waited go up together and not one by one", async () => {
    const name = `together-${mode}`;
    const { answer, letGo } = held();
    await proxy(name, { answer, settings });
    const unstored = () =>
      letGo("x", { "Cache-Control": "no-store" }, mode === "ttl" ? 500 : 200);
    const asked = many(20, () => get(`${name}/a`));
    await called(name, 1);
    await settled(get, `${name}/a`);
    expect(callsOf(`/${name}/`)).toHaveLength(1);
    unstored();
    // None of them is answered before all have asked.
    await called(name, 20);
    unstored();
    expect(countsOf(await asked)).toEqual({ "MISS x": 20 });
  });

  test("one that asks for another variant goes up itself", async () => {
    const name = `variants-${mode}`;
    const { answer, letGo, waiting } = held();
    await proxy(name, { answer, settings });
    const [de, en] = ["de", "en"].map((lang) =>
      get(`${name}/a`, { "x-lang": lang }).then(told),
    );
    await called(name, 1);
    await settled(get, `${name}/a`);
    letGo("first", { ...cacheable, Vary: "X-Lang" });
    await called(name, 2);
    await eventually(
      async () => waiting.length,
      (count) => count === 1,
    );
    letGo("second", { ...cacheable, Vary: "X-Lang" });
    expect((await Promise.all([de, en])).toSorted()).toEqual([
      "MISS first",
      "MISS second",
    ]);
  });

  test("one with credentials does not get another's answer", async () => {
    const name = `credentials-${mode}`;
    await proxy(name, {
      answer: (request, response) => {
        const who = request.headers.authorization ?? "nobody";
        setTimeout(() => reply(who, cacheable)(request, response), 30);
      },
      settings,
    });
    const users = ["Basic YQ==", "Basic Yg==", "Basic Yw=="];
    const said = await Promise.all(
      users.map((authorization) => get(`${name}/a`, { authorization }).then(told)),
    );
    expect(said).toEqual(users.map((who) => `MISS ${who}`));
  });

  test("the leader goes on for those who wait when its own client hangs up", async () => {
    const name = `hung-up-${mode}`;
    const { answer, letGo } = held();
    await proxy(name, { answer, settings });
    const client = new AbortController();
    const leader = send("GET", `${name}/a`, { signal: client.signal }).then(
      told,
      () => "gone",
    );
    await called(name, 1);
    const followers = many(5, () => get(`${name}/a`));
    await settled(get, `${name}/a`);
    client.abort();
    await turns();
    letGo("one", cacheable);
    expect(countsOf(await followers)).toEqual({ "HIT one": 5 });
    expect(callsOf(`/${name}/`)).toHaveLength(1);
    await leader;
  });

  test.each([
    ["goes on for those who wait", 3, { "HIT one two": 3 }],
    ["is broken off where nobody waits", 0, {}],
  ])(
    "a body whose client hangs up in the middle of it %s",
    async (_, waiting, expected) => {
      const name = `half-way-${mode}-${waiting}`;
      let [isClosed, finish] = [false, () => {}];
      await proxy(name, {
        answer: (request, response) => {
          request.socket.once("close", () => (isClosed = true));
          response.writeHead(200, cacheable);
          response.write("one ");
          finish = () => void response.end("two");
        },
        settings,
      });
      const leader = await plane.get(`${name}/a`);
      const reader = leader.body?.getReader();
      expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe("one ");
      const followers = many(waiting, () => get(`${name}/a`));
      await settled(get, `${name}/a`);
      await reader?.cancel();
      if (waiting === 0) {
        await eventually(
          async () => isClosed,
          (closed) => closed,
        );
      }
      finish();
      expect(countsOf(await followers)).toEqual(expected);
      expect(callsOf(`/${name}/`)).toHaveLength(1);
    },
  );

  test("the call of a client that hangs up alone is broken off", async () => {
    const name = `alone-${mode}`;
    let isClosed = false;
    await proxy(name, {
      answer: (request) => void request.socket.once("close", () => (isClosed = true)),
      settings,
    });
    const client = new AbortController();
    const asked = send("GET", `${name}/a`, { signal: client.signal }).catch(() => {});
    await called(name, 1);
    client.abort();
    await eventually(
      async () => isClosed,
      (closed) => closed,
    );
    await asked;
    plane.answers.set(name, reply("next", cacheable));
    expect(await told(await get(`${name}/a`))).toBe("MISS next");
  });

  test("a leader whose upstream fails leaves the others to ask for themselves", async () => {
    const name = `failed-${mode}`;
    const { answer, waiting } = held();
    await proxy(name, { answer, settings });
    const asked = Promise.all(
      Array.from({ length: 3 }, () => get(`${name}/a`).then(({ status }) => status)),
    );
    await called(name, 1);
    await settled(get, `${name}/a`);
    plane.answers.set(name, reply("well", cacheable));
    for (const response of waiting) {
      response.writeHead(200, { "Content-Length": "100", ...cacheable });
      response.write("x", () => response.destroy());
    }
    expect((await asked).toSorted()).toEqual([200, 200, 502]);
  });

  test("HEADs that wait get the answer of a GET", async () => {
    const name = `heads-${mode}`;
    const { answer, letGo } = held();
    await proxy(name, { answer, settings });
    const leader = get(`${name}/a`).then(told);
    await called(name, 1);
    const heads = many(5, () => send("HEAD", `${name}/a`));
    await settled(get, `${name}/a`);
    letGo("one", cacheable);
    expect(await leader).toBe("MISS one");
    expect(countsOf(await heads)).toEqual({ "HIT ": 5 });
    expect(callsOf(`/${name}/`)).toHaveLength(1);
  });

  test("requests for parts of one and the same whole are one call", async () => {
    const name = `parts-${mode}`;
    const { answer, letGo } = held();
    await proxy(name, { answer, settings });
    const asked = ["0-0", "1-1", "2-2"].map((range) =>
      get(`${name}/a`, { range: `bytes=${range}` }).then((response) => response.text()),
    );
    await called(name, 1);
    await settled(get, `${name}/a`);
    letGo("abc", cacheable);
    // By the RFC it is up to the origin to give the leader its part.
    const first = mode === "ttl" ? "a" : "abc";
    expect(await Promise.all(asked)).toEqual([first, "b", "c"]);
    expect(callsOf(`/${name}/`)).toHaveLength(1);
  });
});

test("those of two keys do not wait for each other", async () => {
  await proxy("two-keys", {
    answer: (request, response) => {
      if (request.url?.endsWith("/fast") === true) response.end("fast");
    },
    settings: {},
  });
  const client = new AbortController();
  const slow = send("GET", "two-keys/slow", { signal: client.signal }).catch(() => {});
  await called("two-keys", 1);
  expect(await told(await get("two-keys/fast"))).toBe("MISS fast");
  client.abort();
  await slow;
});

test("POSTs are never collapsed, however alike they are", async () => {
  const { answer, letGo } = held();
  await proxy("posts", { answer, settings: { cacheOnlyHttpGetRequests: false } });
  const asked = many(3, () => send("POST", "posts/a", { body: "x" }));
  await called("posts", 3);
  letGo("done");
  expect(countsOf(await asked)).toEqual({ "MISS done": 3 });
});

test("collapsing is per process: another asks for itself", async () => {
  const { answer, letGo, waiting } = held();
  await proxy("per-process", { answer, settings: {} });
  await using other = await testService({
    worker: "off",
    address: plane.service.address,
  });
  const init = { headers: { "x-as": "nobody" } };
  const asked = [
    get("per-process/a").then(told),
    wholly(other.request("/gw/shop/per-process/a", init)).then(told),
  ];
  await eventually(
    async () => waiting.length,
    (count) => count === 2,
  );
  letGo("one");
  expect(await Promise.all(asked)).toEqual(["MISS one", "MISS one"]);
});

test("a collapsed answer says so in Cache-Status", async () => {
  const { answer, letGo } = held();
  await proxy("says-so", { answer, settings: {} });
  const leader = get("says-so/a");
  await called("says-so", 1);
  const follower = get("says-so/a");
  await settled(get, "says-so/a");
  letGo("one");
  expect(statusOf(await leader)).toMatch(/^uni-cache;fwd=uri-miss;stored/);
  expect(statusOf(await follower)).toMatch(
    /^uni-cache;(hit|fwd=uri-miss;collapsed);ttl=/,
  );
});

describe("when the quota is spent", () => {
  const spent = (perMinute = 1) => ({
    rate_limit: { per_minute: perMinute },
    stale_if_error_s: 100,
  });

  test("the old answer is served where it is allowed, and no call is made", async () => {
    await proxy("spent-old", {
      source: spent(),
      answer: numbered(),
      settings: { ttl: 60 },
    });
    const startedAt = performance.now();
    await get("spent-old/a");
    await plane.age(61_000);
    const { value: stale, millis } = await timed(plane.service, () => get("spent-old/a"));
    expect(await told(stale)).toBe("STALE call 1");
    const status = 'uni-cache;fwd=stale;ttl=-1;detail="no call is free"';
    expect(statusSince(startedAt, stale, status)).toBe(status);
    expect(millis).toBeLessThan(600);
    expect(callsOf("/spent-old/")).toHaveLength(1);
  });

  test("a miss waits up to a second, and is 429 with Retry-After then", async () => {
    await proxy("spent-miss", { source: spent(), answer: numbered(), settings: {} });
    await get("spent-miss/a");
    const refused = await get("spent-miss/b");
    expect(refused.status).toBe(429);
    expect(await refused.json()).toMatchObject({ error: "rate_limit_exceeded" });
    expect(Number(refused.headers.get("retry-after"))).toBeWithin(50, 62);
    expect(callsOf("/spent-miss/")).toHaveLength(1);
  });

  test("a miss that can be called within a second is", async () => {
    await proxy("spent-soon", {
      source: { rate_limit: { per_minute: 100, burst: 1 } },
      answer: numbered(),
      settings: {},
    });
    // The first may come late to the upstream: what counts is when it was let go.
    const before = Date.now();
    await get("spent-soon/a");
    const next = await get("spent-soon/b");
    expect([next.status, await told(next)]).toEqual([200, "MISS call 2"]);
    const [, two] = callsOf("/spent-soon/");
    expect((two?.at ?? 0) - before).toBeGreaterThan(500);
  });

  test("what goes straight through and what is not cached is 429 too", async () => {
    await proxy("spent-through", { source: spent(), answer: numbered() });
    await get("spent-through/a");
    const refused = await get("spent-through/a");
    expect(refused.status).toBe(429);
    expect(refused.headers.get("retry-after")).not.toBeNull();
    expect((await send("POST", "spent-through/a", { body: "x" })).status).toBe(429);
    expect(callsOf("/spent-through/")).toHaveLength(1);
  });

  test("a miss goes ahead of all queued work", async () => {
    const refresh = (key: string) =>
      plane.service.request(
        `/api/v1/cache/spent-queue/${encodeURIComponent(key)}/refresh`,
        { method: "POST" },
      );
    await proxy("spent-queue", {
      source: { rate_limit: { per_minute: 100, burst: 1 } },
      answer: numbered(),
      settings: {},
    });
    const queued = await Promise.all(
      Array.from({ length: 60 }, (_, index) => refresh(`/queued-${index}`)),
    );
    expect(queued.map(({ status }) => status)).toEqual(queued.map(() => 202));
    await called("spent-queue", 1);
    const first = async () => {
      const before = callsOf("/spent-queue/").length;
      const startedAt = performance.now();
      const { value, millis } = await timed(plane.service, () =>
        get("spent-queue/first"),
      );
      const stood = performance.now() - startedAt - millis;
      return { before, status: value.status, stood };
    };
    // Where the machine stands still for a part of its second it may be refused.
    const { before, status } = await eventually(
      first,
      (answer) => answer.status === 200 || answer.stood < 100,
    );
    expect(status).toBe(200);
    const place = callsOf("/spent-queue/").findIndex(({ target }) =>
      target.endsWith("/first"),
    );
    expect(place - before).toBeLessThan(3);
  });

  test("a hit needs no call", async () => {
    await proxy("spent-hit", { source: spent(), answer: numbered(), settings: {} });
    await get("spent-hit/a");
    expect(await told(await get("spent-hit/a"))).toBe("HIT call 1");
  });

  test("beyond stale_if_error_s the old answer is no longer one", async () => {
    await proxy("spent-older", {
      source: spent(),
      answer: numbered(),
      settings: { ttl: 60 },
    });
    await get("spent-older/a");
    await plane.age(161_000);
    expect((await get("spent-older/a")).status).toBe(429);
  });

  test("an upstream's 429 is stood in for by the old answer, and pauses the source", async () => {
    await proxy("refusing", {
      source: { stale_if_error_s: 100 },
      answer: numbered(),
      settings: { ttl: 60 },
    });
    await get("refusing/a");
    plane.answers.set("refusing", reply("slow down", { "Retry-After": "30" }, 429));
    await plane.age(61_000);
    const stale = await get("refusing/a");
    expect(await told(stale)).toBe("STALE call 1");
    expect(statusOf(stale)).toContain("fwd-status=429");
    expect(await told(await get("refusing/a"))).toBe("STALE call 1");
    expect(callsOf("/refusing/")).toHaveLength(2);
    const other = await get("refusing/b");
    expect(other.status).toBe(429);
    expect(Number(other.headers.get("retry-after"))).toBeWithin(25, 31);
  });

  test("with the ttl absent stale is served where §4.2.4 allows it, else 429", async () => {
    await proxy("rfc-spent", {
      source: spent(),
      answer: numbered({ "Cache-Control": "max-age=60" }),
      settings: { ttl: undefined },
    });
    await get("rfc-spent/a");
    await proxy("rfc-strict", {
      source: spent(),
      answer: numbered({ "Cache-Control": "max-age=60, must-revalidate", ETag: '"1"' }),
      settings: { ttl: undefined },
    });
    await get("rfc-strict/a");
    await plane.age(61_000);
    expect(await told(await get("rfc-spent/a"))).toBe("STALE call 1");
    expect((await get("rfc-strict/a")).status).toBe(429);
  });
});
