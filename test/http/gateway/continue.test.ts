/**
 * Contract §7.8: what `CONTINUE` does behind a hit.
 */
import { afterAll, describe, expect, test } from "bun:test";
import { Effect } from "effect";
import { ResponseCache } from "../../../src/services/gateway/response-cache.ts";
import { eventually, jsonOf } from "../../support/service.ts";
import { dataPlane } from "./data-plane-service.ts";
import {
  bodyOf,
  echoOfBody,
  labelOf,
  numbered,
  readWhole,
  reply,
  told,
  turns,
} from "./replies.ts";

const plane = await dataPlane();
afterAll(() => plane[Symbol.asyncDispose]());
const { callsOf, proxy } = plane;
const { get, send } = readWhole(plane);

const settings = { handlingAction: "CONTINUE" } as const;
const called = (name: string, count: number) =>
  eventually(
    async () => callsOf(`/${name}/`).length,
    (calls) => calls === count,
  );
/** Until this process knows that the proxy's one entry says so; the renewal has ended by then. */
const stored = (name: string, expected: string) =>
  eventually(
    async () => {
      const [id] = await plane.service.sql<{ space: string; key: string }[]>`
        select space, key from entries
        where space = (select 'g' || id from api_proxies where name = ${name})`;
      if (id === undefined) return undefined;
      const shelf = { ...id, scope: "p ", storage: "DISTRIBUTED", capacity: 1 } as const;
      const [found] = await plane.service.run(
        Effect.flatMap(ResponseCache, (cache) => cache.find(shelf, id)),
      );
      return Buffer.from(found?.body ?? []).toString();
    },
    (body) => body === expected,
  ).then(turns);
/** Until nothing more comes for this long. */
const quiet = (millis: number) => new Promise((resolve) => setTimeout(resolve, millis));

describe("CONTINUE", () => {
  test("calls the upstream once for each hit", async () => {
    await proxy("each", { answer: numbered(), settings });
    await get("each/a");
    for (let hits = 1; hits <= 3; hits += 1) {
      expect(await told(await get("each/a"))).toBe(`HIT call ${hits}`);
      await stored("each", `call ${hits + 1}`);
    }
    expect(callsOf("/each/")).toHaveLength(4);
  });

  test("renews the entry with what the upstream says to GET", async () => {
    await proxy("renews", { answer: numbered(), settings });
    expect(await told(await get("renews/a"))).toBe("MISS call 1");
    expect(await told(await get("renews/a"))).toBe("HIT call 1");
    await stored("renews", "call 2");
    expect(await told(await get("renews/a"))).toBe("HIT call 2");
  });

  test("makes a renewed entry live for a ttl anew", async () => {
    await proxy("lives", { answer: numbered(), settings: { ...settings, ttl: 60 } });
    await get("lives/a");
    await plane.age(50_000);
    expect(await told(await get("lives/a"))).toBe("HIT call 1");
    await stored("lives", "call 2");
    await plane.age(50_000);
    expect(await told(await get("lives/a"))).toBe("HIT call 2");
  });

  test("concurrent identical GETs share one call", async () => {
    let release = () => {};
    await proxy("shared", { answer: numbered(), settings });
    await get("shared/a");
    plane.answers.set("shared", (_, response) => {
      release = () => response.end("renewed");
    });
    const hits = await Promise.all(Array.from({ length: 50 }, () => get("shared/a")));
    expect(new Set(await Promise.all(hits.map(told)))).toEqual(new Set(["HIT call 1"]));
    await called("shared", 2);
    await quiet(50);
    expect(callsOf("/shared/")).toHaveLength(2);
    release();
    await eventually(
      async () => {
        await get("shared/a");
        return callsOf("/shared/").length;
      },
      (calls) => calls === 3,
    );
    release();
  });

  test("GETs of two queries share none", async () => {
    await proxy("apart", { answer: numbered(), settings });
    await Promise.all([get("apart/a?x=1"), get("apart/a?x=2")]);
    await Promise.all([get("apart/a?x=1"), get("apart/a?x=2")]);
    await called("apart", 4);
  });

  test("does not delay the hit, however slow the upstream", async () => {
    await proxy("slow", { answer: numbered(), settings });
    await get("slow/a");
    let end = () => {};
    plane.answers.set("slow", (_, response) => {
      end = () => response.end("late");
    });
    for (let i = 0; i < 5; i += 1) {
      expect(await told(await get("slow/a"))).toBe("HIT call 1");
    }
    // All while the upstream is still asked.
    await called("slow", 2);
    end();
    await stored("slow", "late");
  });

  test("is dropped and counted where no call is free, and does not wait for one", async () => {
    await proxy("spent", {
      source: { rate_limit: { per_minute: 1 } },
      answer: numbered(),
      settings,
    });
    await get("spent/a");
    const before = await dropped();
    expect(await told(await get("spent/a"))).toBe("HIT call 1");
    await eventually(dropped, (count) => count > before);
    expect(callsOf("/spent/")).toHaveLength(1);
    expect(await told(await get("spent/a"))).toBe("HIT call 1");
  });

  test.each([500, 503])(
    "keeps the entry when the upstream answers %i behind a hit",
    async (status) => {
      const name = `fails-${status}`;
      await proxy(name, { answer: numbered(), settings });
      await get(`${name}/a`);
      plane.answers.set(name, reply("broken", {}, status));
      await get(`${name}/a`);
      await called(name, 2);
      expect(await told(await get(`${name}/a`))).toBe("HIT call 1");
    },
  );

  test("sends the request up as it came, without the client's conditions", async () => {
    await proxy("as-is", { answer: numbered({ ETag: '"1"' }), settings });
    const headers = { "x-own": "1", "if-none-match": '"1"', range: "bytes=0-1" };
    await get("as-is/a?b=1&a=2", headers);
    await get("as-is/a?b=1&a=2", headers);
    await called("as-is", 2);
    const [, behind] = callsOf("/as-is/");
    expect(behind?.target).toBe("/as-is/a?b=1&a=2");
    expect(behind?.headers["x-own"]).toBe("1");
    expect(behind?.headers["range"]).toBeUndefined();
  });

  test("a hit of a POST calls the upstream with the same body, one call a hit", async () => {
    const bodies: string[] = [];
    await proxy("posts", {
      answer: (request, response) => {
        void bodyOf(request).then((body) => {
          bodies.push(`${request.method} ${body}`);
          response.end("done");
        });
      },
      settings: { ...settings, cacheOnlyHttpGetRequests: false },
    });
    const post = () => send("POST", "posts/a", { body: "order" });
    expect(labelOf(await post())).toBe("MISS");
    const hits = await Promise.all([post(), post(), post()]);
    expect(hits.map(labelOf)).toEqual(["HIT", "HIT", "HIT"]);
    await called("posts", 4);
    await eventually(
      async () => bodies,
      (all) => all.length === 4,
    );
    expect(new Set(bodies)).toEqual(new Set(["POST order"]));
  });

  test("a HEAD that hits calls the upstream too", async () => {
    await proxy("heads", { answer: numbered(), settings });
    await get("heads/a");
    expect(labelOf(await send("HEAD", "heads/a"))).toBe("HIT");
    await called("heads", 2);
  });

  test("a miss calls once", async () => {
    await proxy("missing", { answer: numbered(), settings });
    await get("missing/a");
    await quiet(50);
    expect(callsOf("/missing/")).toHaveLength(1);
  });

  test("under LOCAL the entry is renewed as well", async () => {
    await proxy("local", {
      answer: numbered(),
      settings: { ...settings, cacheStorageType: "LOCAL" },
    });
    await get("local/a");
    await eventually(
      () => get("local/a").then(told),
      (said) => /^HIT call [2-9]/.test(said),
    );
  });

  test("with the ttl absent a hit calls the upstream as well, and is renewed", async () => {
    await proxy("by-rfc", {
      answer: numbered({ "Cache-Control": "max-age=60", ETag: '"1"' }),
      settings: { ...settings, ttl: undefined },
    });
    await get("by-rfc/a");
    expect(await told(await get("by-rfc/a"))).toBe("HIT call 1");
    await stored("by-rfc", "call 2");
    expect(callsOf("/by-rfc/")[1]?.headers["if-none-match"]).toBeUndefined();
  });

  test("with the ttl absent a hit of a part leaves the whole in its place", async () => {
    const headers = { "Cache-Control": "max-age=60", ETag: '"1"' };
    await proxy("part", {
      answer: (request, response) => {
        const isPart = request.headers["range"] !== undefined;
        const range = { "Content-Range": "bytes 0-1/4" };
        reply(
          isPart ? "ab" : "abcd",
          isPart ? { ...headers, ...range } : headers,
          isPart ? 206 : 200,
        )(request, response);
      },
      settings: { ...settings, ttl: undefined },
    });
    await get("part/a");
    expect(await told(await get("part/a", { range: "bytes=0-1" }))).toBe("HIT ab");
    await called("part", 2);
    await quiet(50);
    expect(await told(await get("part/a"))).toBe("HIT abcd");
  });

  test("an unsafe method behind a hit invalidates what GET stored", async () => {
    await proxy("unsafe", {
      answer: echoOfBody(),
      settings: { ...settings, cacheOnlyHttpGetRequests: false },
    });
    const post = () => send("POST", "unsafe/a", { body: "x" });
    await post();
    await get("unsafe/a");
    expect(labelOf(await post())).toBe("HIT");
    await called("unsafe", 3);
    await eventually(
      () => get("unsafe/a", { "cache-control": "only-if-cached" }),
      ({ status }) => status === 504,
    );
  });
});

const dropped = async (): Promise<number> =>
  (await jsonOf(await plane.service.request("/api/v1/metrics"))).gateway.renewals_dropped;
