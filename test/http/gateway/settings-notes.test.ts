/**
 * Each line of "Notes and Warnings" of seed 003, by what it does to the answers.
 */
import { afterAll, describe, expect, test } from "bun:test";
import type { Variable } from "../../../src/domain/api-proxy/cache-settings.ts";
import { asSystem } from "../../../src/services/audit/actor.ts";
import { changeCacheSettings } from "../../../src/services/api-proxy/change-cache-settings.ts";
import { eventually, testService } from "../../support/service.ts";
import { timed } from "../../support/moving-clock.ts";
import { cached, dataPlane } from "./data-plane-service.ts";
import {
  echoOfBody,
  labelOf,
  numbered,
  readWhole,
  reply,
  statusOf,
  told,
} from "./replies.ts";

const plane = await dataPlane();
const other = await testService({ worker: "off", address: plane.service.address });
afterAll(async () => {
  await other[Symbol.asyncDispose]();
  await plane[Symbol.asyncDispose]();
});
const { callsOf, proxy } = plane;
const { get, send } = readWhole(plane);

describe("Endpoint-Level Override", () => {
  test("Endpoint cache settings override API Proxy-level cache settings", async () => {
    await proxy("overridden", {
      answer: numbered(),
      settings: { ttl: 1_000 },
      endpoints: [{ name: "/short", settings: { ttl: 10 } }],
    });
    const [whole, own] = [await get("overridden/any"), await get("overridden/short")];
    expect([labelOf(whole), labelOf(own)]).toEqual(["MISS", "MISS"]);
    await plane.age(11_000);
    expect(labelOf(await get("overridden/any"))).toBe("HIT");
    expect(labelOf(await get("overridden/short"))).toBe("MISS");
  });

  test("If endpoint cache is disabled, API Proxy-level cache still applies", async () => {
    await proxy("fallen-back", {
      answer: numbered(),
      settings: { ttl: 1_000 },
      endpoints: [{ name: "/off", settings: { cacheActive: false, ttl: 1 } }],
    });
    await get("fallen-back/off");
    await plane.age(100_000);
    expect(await told(await get("fallen-back/off"))).toBe("HIT call 1");
  });

  test("If both are disabled, nothing is cached", async () => {
    await proxy("all-off", {
      answer: numbered(),
      settings: { cacheActive: false },
      endpoints: [{ name: "/off", settings: { cacheActive: false } }],
    });
    expect(await told(await get("all-off/off"))).toBe("BYPASS call 1");
    expect(await told(await get("all-off/off"))).toBe("BYPASS call 2");
  });

  test("What one's settings have stored, the other's do not serve", async () => {
    await proxy("switched", {
      answer: numbered(),
      settings: {},
      endpoints: [{ name: "/a" }],
    });
    const of = { projectName: "shop", apiProxyName: "switched" };
    const endpoint = { name: "/a", httpMethod: "GET" } as const;
    const change = (cacheActive: boolean) =>
      plane.service.run(
        asSystem(changeCacheSettings(of, endpoint, { ...cached, cacheActive })),
      );
    expect(await told(await get("switched/a"))).toBe("MISS call 1");
    await change(true);
    expect(await told(await get("switched/a"))).toBe("MISS call 2");
    expect(await told(await get("switched/a"))).toBe("HIT call 2");
    await change(false);
    expect(await told(await get("switched/a"))).toBe("MISS call 3");
  });
});

test("A change of the settings gives up what is held in memory alone, too", async () => {
  const settings = { cacheStorageType: "LOCAL" } as const;
  await proxy("changed", { answer: numbered(), settings });
  await get("changed/a");
  expect(await told(await get("changed/a"))).toBe("HIT call 1");
  const of = { projectName: "shop", apiProxyName: "changed" };
  await plane.service.run(
    asSystem(changeCacheSettings(of, undefined, { ...cached, ...settings, ttl: 30 })),
  );
  expect(await told(await get("changed/a"))).toBe("MISS call 2");
});

describe("handlingAction", () => {
  test("CONTINUE - Returns cached response but still calls backend", async () => {
    await proxy("continues", {
      answer: numbered(),
      settings: { handlingAction: "CONTINUE" },
    });
    await get("continues/a");
    expect(await told(await get("continues/a"))).toBe("HIT call 1");
    await eventually(
      async () => callsOf("/continues/").length,
      (calls) => calls === 2,
    );
  });

  test("STOP - Returns cached response without calling backend", async () => {
    await proxy("stopped", { answer: numbered(), settings: { handlingAction: "STOP" } });
    await get("stopped/a");
    expect(await told(await get("stopped/a"))).toBe("HIT call 1");
    expect(callsOf("/stopped/")).toHaveLength(1);
  });
});

describe("Cache Key", () => {
  const variable = (name: string, from: Variable["from"]): Variable => ({
    name,
    dataType: "STRING",
    from,
  });
  const variableList = [
    variable("userId", { type: "HEADER", headerName: "userId" }),
    variable("apiVersion", {
      type: "PARAMETER",
      paramType: "QUERY",
      paramName: "apiVersion",
    }),
  ];

  test("When cacheKeyType=CUSTOM, provide variableList to define cache key components", async () => {
    await proxy("components", {
      answer: numbered(),
      settings: { cacheKeyType: "CUSTOM", variableList },
    });
    const ask = async (userId: string, query: string) =>
      told(await get(`components/a?${query}`, { userId }));
    expect(await ask("ann", "apiVersion=1")).toBe("MISS call 1");
    expect(await ask("ann", "apiVersion=1&else=2")).toBe("HIT call 1");
    expect(await ask("bob", "apiVersion=1")).toBe("MISS call 2");
    expect(await ask("ann", "apiVersion=2")).toBe("MISS call 3");
  });

  test("Variables are combined to create unique cache keys", async () => {
    await proxy("combined", {
      answer: numbered(),
      settings: { cacheKeyType: "CUSTOM", variableList },
    });
    const ask = async (userId: string, apiVersion: string) => {
      const query = new URLSearchParams({ apiVersion }).toString();
      return told(await get(`combined/a?${query}`, { userId }));
    };
    expect(await ask("ab", "c")).toBe("MISS call 1");
    expect(await ask("a", "bc")).toBe("MISS call 2");
    expect(await ask("ab 10:apiVersion=1:c", "")).toBe("MISS call 3");
    expect(await ask("c", "ab")).toBe("MISS call 4");
    expect(await ask("ab", "c")).toBe("HIT call 1");
  });
});

describe("Storage Type", () => {
  const fromOther = async (path: string) => {
    const init = { headers: { "x-as": "nobody" } };
    return other.request(`/gw/shop/${path}`, init);
  };

  test("LOCAL cache is not shared across workers", async () => {
    await proxy("not-shared", {
      answer: numbered(),
      settings: { cacheStorageType: "LOCAL" },
    });
    expect(await told(await get("not-shared/a"))).toBe("MISS call 1");
    const theirs = await eventually(
      () => fromOther("not-shared/a"),
      ({ status }) => status === 200,
    );
    expect(await told(theirs)).toBe("MISS call 2");
    expect(await told(await get("not-shared/a"))).toBe("HIT call 1");
  });

  test("DISTRIBUTED cache is shared across all workers", async () => {
    await proxy("all-share", {
      answer: numbered(),
      settings: { cacheStorageType: "DISTRIBUTED" },
    });
    expect(await told(await get("all-share/a"))).toBe("MISS call 1");
    const theirs = await eventually(
      () => fromOther("all-share/a"),
      ({ status }) => status === 200,
    );
    expect(await told(theirs)).toBe("HIT call 1");
  });

  test("what one worker renews, the others serve within a second", async () => {
    await proxy("renewed", { answer: numbered(), settings: {} });
    await get("renewed/a");
    await eventually(
      () => fromOther("renewed/a").then(told),
      (said) => said === "HIT call 1",
    );
    const renewed = await get("renewed/a", { "cache-control": "no-cache" });
    expect(await told(renewed)).toBe("MISS call 2");
    await eventually(
      () => fromOther("renewed/a").then(told),
      (said) => said === "HIT call 2",
    );
  });
});

describe("TTL", () => {
  test("Cache entries expire after TTL seconds", async () => {
    await proxy("expiring", { answer: numbered(), settings: { ttl: 30 } });
    await get("expiring/a");
    await plane.age(15_000);
    expect(await told(await get("expiring/a"))).toBe("HIT call 1");
    await plane.age(15_100);
    expect(await told(await get("expiring/a"))).toBe("MISS call 2");
  });

  test("Set appropriate TTL: it holds whatever the origin says", async () => {
    await proxy("own-ttl", {
      answer: numbered({
        "Cache-Control": "no-store, private, max-age=0",
        Expires: "0",
        Pragma: "no-cache",
      }),
      settings: { ttl: 60 },
    });
    await get("own-ttl/a");
    expect(await told(await get("own-ttl/a"))).toBe("HIT call 1");
  });
});

describe("Capacity", () => {
  const countOf = async (name: string) => {
    const rows = await plane.service.sql`
      select 1 from entries
      where space = (select 'g' || id from api_proxies where name = ${name})`;
    return rows.length;
  };

  test("Maximum number of cache entries, a second after the last write", async () => {
    await proxy("maximum", { settings: { capacity: 5 } });
    for (let i = 0; i < 20; i += 1) await get(`maximum/${i}`);
    const { millis } = await timed(plane.service, () =>
      eventually(
        () => countOf("maximum"),
        (count) => count <= 5,
      ),
    );
    expect(millis).toBeLessThan(1_000);
    expect(await countOf("maximum")).toBe(5);
  });

  test.each(["DISTRIBUTED", "LOCAL"] as const)(
    "The variants of one key count as entries too, under %s",
    async (cacheStorageType) => {
      const name = `variants-${cacheStorageType.toLowerCase()}`;
      await proxy(name, {
        answer: numbered({ Vary: "X-Lang" }),
        settings: { capacity: 2, cacheStorageType },
      });
      const ask = (lang: number, more = {}) =>
        get(`${name}/a`, { "x-lang": `${lang}`, ...more });
      for (let lang = 1; lang <= 6; lang += 1) await ask(lang);
      const only = { "cache-control": "only-if-cached" };
      const found = async () => {
        const answers = await Promise.all(
          [1, 2, 3, 4, 5, 6].map((lang) => ask(lang, only)),
        );
        return answers.filter(({ status }) => status === 200).length;
      };
      await eventually(found, (count) => count <= 2);
      // Uses are noted by key, so which of its variants go is left open in the store.
      if (cacheStorageType === "LOCAL") {
        expect((await ask(6, only)).status).toBe(200);
      }
    },
  );

  test("Older entries are evicted when limit is reached (LRU eviction)", async () => {
    await proxy("lru", { settings: { capacity: 3 } });
    for (const path of ["a", "b", "c"]) await get(`lru/${path}`);
    expect(labelOf(await get("lru/a"))).toBe("HIT");
    await get("lru/d");
    await eventually(
      () => countOf("lru"),
      (count) => count <= 3,
    );
    const labels: (string | null)[] = [];
    for (const path of ["d", "a", "c"]) labels.push(labelOf(await get(`lru/${path}`)));
    expect(labels).toEqual(["HIT", "HIT", "HIT"]);
    expect(labelOf(await get("lru/b"))).toBe("MISS");
  });
});

describe("GET Only", () => {
  test("When cacheOnlyHttpGetRequests=true, only GET requests are cached", async () => {
    await proxy("only-get", { answer: echoOfBody(), settings: {} });
    expect(labelOf(await get("only-get/a"))).toBe("MISS");
    expect(labelOf(await get("only-get/a"))).toBe("HIT");
    for (const method of ["OPTIONS", "POST", "PUT", "PATCH", "DELETE"]) {
      expect(labelOf(await send(method, "only-get/b"))).toBe("BYPASS");
      expect(labelOf(await send(method, "only-get/b"))).toBe("BYPASS");
    }
  });

  test("When cacheOnlyHttpGetRequests=false, all HTTP methods can be cached", async () => {
    await proxy("all-http", {
      answer: echoOfBody(),
      settings: { cacheOnlyHttpGetRequests: false },
    });
    for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE"]) {
      expect(labelOf(await send(method, `all-http/${method}`))).toBe("MISS");
      expect(labelOf(await send(method, `all-http/${method}`))).toBe("HIT");
    }
  });
});

describe("Null Values", () => {
  test("When cacheNullValue=false, null/empty responses are not cached", async () => {
    await proxy("not-null", { settings: { cacheNullValue: false } });
    for (const body of ["", " ", "null", "[]", "{}", " [ ] \n", "{\n}"]) {
      plane.answers.set("not-null", reply(body));
      expect(labelOf(await get("not-null/a"))).toBe("MISS");
    }
    plane.answers.set("not-null", reply("[null]"));
    expect(labelOf(await get("not-null/a"))).toBe("MISS");
    expect(labelOf(await get("not-null/a"))).toBe("HIT");
  });

  test("When cacheNullValue=true, null/empty responses are cached", async () => {
    await proxy("also-null", { settings: { cacheNullValue: true } });
    for (const body of ["", "null", "[]", "{}"]) {
      plane.answers.set("also-null", reply(body));
      const path = `also-null/a${encodeURIComponent(body)}`;
      expect(await told(await get(path))).toBe(`MISS ${body}`);
      expect(await told(await get(path))).toBe(`HIT ${body}`);
    }
  });

  test.each([400, 405, 418, 422, 500, 502, 503])(
    "When cacheNullValue=true, an error response of %i is cached",
    async (status) => {
      const name = `error-${status}`;
      await proxy(name, {
        answer: numbered({}, status),
        settings: { cacheNullValue: true },
      });
      await get(`${name}/a`);
      const again = await get(`${name}/a`);
      expect(again.status).toBe(status);
      expect(await told(again)).toBe("HIT call 1");
    },
  );

  test.each([401, 403, 407, 429])(
    "When cacheNullValue=true, a response of %i is not cached all the same",
    async (status) => {
      const name = `personal-${status}`;
      await proxy(name, { settings: { cacheNullValue: true } });
      plane.answers.set(name, reply("no", {}, status));
      const first = await get(`${name}/a`);
      expect([first.status, labelOf(first)]).toEqual([status, "MISS"]);
      expect(statusOf(first)).toBe(`uni-cache;fwd=uri-miss;detail="status ${status}"`);
      plane.answers.set(name, reply("yes"));
      if (status !== 429) expect(await told(await get(`${name}/a`))).toBe("MISS yes");
    },
  );

  test("When cacheNullValue=false, an error response is not cached", async () => {
    await proxy("no-errors", { answer: numbered({}, 500), settings: {} });
    await get("no-errors/a");
    expect(await told(await get("no-errors/a"))).toBe("MISS call 2");
  });
});

describe("Endpoint Validation", () => {
  test("Endpoint must exist in the API Proxy", async () => {
    await proxy("strict", {
      proxy: { creationType: "OPEN_API" },
      endpoints: [{ name: "/users", settings: {} }],
    });
    const missing = await get("strict/nobody");
    expect(missing.status).toBe(404);
    expect(await missing.json()).toEqual({
      error: "not_found",
      error_description:
        "Endpoint with name (/nobody) and HTTP method (GET) is not found!",
    });
    expect(callsOf("/strict/")).toHaveLength(0);
  });

  test("Endpoint is identified by identifierName and identifierHttpMethod combination", async () => {
    await proxy("pairs", {
      answer: echoOfBody(),
      endpoints: [
        { name: "/users", httpMethod: "GET", settings: {} },
        { name: "/users", httpMethod: "POST" },
        { name: "/people", httpMethod: "GET" },
      ],
    });
    await get("pairs/users");
    expect(labelOf(await get("pairs/users"))).toBe("HIT");
    expect(labelOf(await send("POST", "pairs/users", { body: "x" }))).toBe("BYPASS");
    await get("pairs/people");
    expect(labelOf(await get("pairs/people"))).toBe("BYPASS");
  });
});
