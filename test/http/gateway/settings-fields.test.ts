/**
 * Each row of the tables of seed 003, by what it does to the answers of the data plane.
 */
import { afterAll, describe, expect, test } from "bun:test";
import { eventually, testService } from "../../support/service.ts";
import { dataPlane } from "./data-plane-service.ts";
import {
  echoOfBody,
  labelOf,
  numbered,
  readWhole,
  reply,
  secondsSince,
  statusOf,
  statusSince,
  told,
  wholly,
} from "./replies.ts";
import { addToken } from "../own-tokens.ts";

const plane = await dataPlane();
const other = await testService({ worker: "off", address: plane.service.address });
afterAll(async () => {
  await other[Symbol.asyncDispose]();
  await plane[Symbol.asyncDispose]();
});
const { callsOf, proxy } = plane;
const { get, send } = readWhole(plane);
const getFromOther = (path: string) =>
  wholly(other.request(`/gw/shop/${path}`, { headers: { "x-as": "nobody" } }));

describe("Request Body Fields", () => {
  test("identifierName: settings are in force for the endpoint of that path, and for no other", async () => {
    await proxy("by-name", {
      answer: numbered(),
      endpoints: [{ name: "/users", settings: {} }, { name: "/orders" }],
    });
    expect(await told(await get("by-name/users"))).toBe("MISS call 1");
    expect(await told(await get("by-name/users"))).toBe("HIT call 1");
    expect(await told(await get("by-name/orders"))).toBe("BYPASS call 2");
    expect(await told(await get("by-name/orders"))).toBe("BYPASS call 3");
  });

  test("identifierHttpMethod: settings are in force for that method of the path, and for no other", async () => {
    await proxy("by-method", {
      answer: echoOfBody(),
      endpoints: [
        { name: "/users", httpMethod: "GET" },
        {
          name: "/users",
          httpMethod: "POST",
          settings: { cacheOnlyHttpGetRequests: false },
        },
      ],
    });
    const post = () => send("POST", "by-method/users", { body: "x" });
    expect(await told(await post())).toBe("MISS POST x 1");
    expect(await told(await post())).toBe("HIT POST x 1");
    expect(labelOf(await get("by-method/users"))).toBe("BYPASS");
    expect(labelOf(await get("by-method/users"))).toBe("BYPASS");
  });

  test("cacheSettings: an endpoint without them goes straight through", async () => {
    await proxy("without", { answer: numbered(), endpoints: [{ name: "/users" }] });
    expect(await told(await get("without/users"))).toBe("BYPASS call 1");
    const second = await get("without/users");
    expect(statusOf(second)).toBe(
      'uni-cache;fwd=bypass;detail="no cache settings are active"',
    );
    expect(await second.text()).toBe("call 2");
  });
});

describe("Cache Settings Object Fields", () => {
  test("name and description: say nothing to a client", async () => {
    await proxy("named", {
      answer: numbered(),
      settings: { name: "Secret Plan", description: "For Nobody" },
    });
    const answers = [await get("named/a"), await get("named/a")];
    const said = answers.map(({ headers }) => JSON.stringify([...headers])).join("");
    expect(said).not.toMatch(/secret plan|for nobody/i);
  });

  test("cacheActive false: each request goes up", async () => {
    await proxy("inactive", { answer: numbered(), settings: { cacheActive: false } });
    expect(await told(await get("inactive/a"))).toBe("BYPASS call 1");
    expect(await told(await get("inactive/a"))).toBe("BYPASS call 2");
  });

  test("cacheActive true: the second request is answered from the cache", async () => {
    await proxy("active", { answer: numbered(), settings: { cacheActive: true } });
    expect(await told(await get("active/a"))).toBe("MISS call 1");
    expect(await told(await get("active/a"))).toBe("HIT call 1");
    expect(callsOf("/active/")).toHaveLength(1);
  });

  test("cacheOnlyHttpGetRequests true: a POST goes up each time and is not looked up", async () => {
    await proxy("get-only", {
      answer: echoOfBody(),
      settings: { cacheOnlyHttpGetRequests: true },
    });
    const post = () => send("POST", "get-only/a", { body: "x" });
    const [one, two] = [await post(), await post()];
    expect(await told(one)).toBe("BYPASS POST x 1");
    expect(await told(two)).toBe("BYPASS POST x 2");
    expect(statusOf(two)).toBe("uni-cache;fwd=method");
  });

  test.each(["POST", "PUT", "PATCH", "DELETE"])(
    "cacheOnlyHttpGetRequests false: the second %s is answered from the cache",
    async (method) => {
      const name = `all-methods-${method.toLowerCase()}`;
      await proxy(name, {
        answer: echoOfBody(),
        settings: { cacheOnlyHttpGetRequests: false },
      });
      const ask = (body: string) => send(method, `${name}/a`, { body });
      expect(await told(await ask("x"))).toBe(`MISS ${method} x 1`);
      expect(await told(await ask("x"))).toBe(`HIT ${method} x 1`);
      expect(await told(await ask("y"))).toBe(`MISS ${method} y 2`);
    },
  );

  test("cacheKeyType QUERY_PARAMS: another query is another entry, another order is not", async () => {
    await proxy("by-query", { answer: numbered(), settings: {} });
    expect(await told(await get("by-query/a?x=1&y=2"))).toBe("MISS call 1");
    expect(await told(await get("by-query/a?y=2&x=1"))).toBe("HIT call 1");
    expect(await told(await get("by-query/a?x=1&y=3"))).toBe("MISS call 2");
    expect(await told(await get("by-query/a"))).toBe("MISS call 3");
  });

  test("cacheKeyType CUSTOM: only the named variables tell entries apart", async () => {
    await proxy("by-variable", {
      answer: numbered(),
      settings: {
        cacheKeyType: "CUSTOM",
        variableList: [
          {
            name: "id",
            dataType: "STRING",
            from: { type: "PARAMETER", paramType: "QUERY", paramName: "id" },
          },
        ],
      },
    });
    expect(await told(await get("by-variable/a?id=1&x=1"))).toBe("MISS call 1");
    expect(await told(await get("by-variable/a?id=1&x=2"))).toBe("HIT call 1");
    expect(await told(await get("by-variable/a?id=2&x=1"))).toBe("MISS call 2");
  });

  test("cacheStorageType LOCAL: another process does not see what one has stored", async () => {
    await proxy("local", { answer: numbered(), settings: { cacheStorageType: "LOCAL" } });
    await eventually(
      () => getFromOther("local/other"),
      ({ status }) => status === 200,
    );
    const before = callsOf("/local/a").length;
    expect(labelOf(await get("local/a"))).toBe("MISS");
    expect(labelOf(await get("local/a"))).toBe("HIT");
    expect(labelOf(await getFromOther("local/a"))).toBe("MISS");
    expect(labelOf(await getFromOther("local/a"))).toBe("HIT");
    expect(callsOf("/local/a").length - before).toBe(2);
    const rows = await plane.service.sql`
      select 1 from entries where space like 'g%' and key like '%/local/%'`;
    expect(rows).toHaveLength(0);
  });

  test("cacheStorageType DISTRIBUTED: another process answers with what one has stored", async () => {
    await proxy("shared", {
      answer: numbered(),
      settings: { cacheStorageType: "DISTRIBUTED" },
    });
    await eventually(
      () => getFromOther("shared/other"),
      ({ status }) => status === 200,
    );
    const mine = await told(await get("shared/a"));
    expect(mine).toStartWith("MISS ");
    expect(await told(await getFromOther("shared/a"))).toBe(mine.replace("MISS", "HIT"));
    expect(callsOf("/shared/a")).toHaveLength(1);
  });

  test.each(["LOCAL", "DISTRIBUTED"] as const)(
    "capacity: of more entries the least recently used goes, under %s",
    async (cacheStorageType) => {
      const name = `full-${cacheStorageType.toLowerCase()}`;
      await proxy(name, { settings: { cacheStorageType, capacity: 2 } });
      const ask = (path: string) => get(`${name}/${path}`).then(labelOf);
      await ask("a");
      await ask("b");
      expect(await ask("a")).toBe("HIT");
      await ask("c");
      if (cacheStorageType === "DISTRIBUTED") {
        await eventually(
          () => plane.service.sql`
            select 1 from entries where space like 'g%'
              and headers::text is not null and key in ('p GET /a', 'p GET /b', 'p GET /c')
              and space = (select 'g' || id from api_proxies where name = ${name})`,
          (rows) => rows.length <= 2,
        );
      }
      // Asked in an order in which no miss pushes out what is asked for next.
      expect(await ask("c")).toBe("HIT");
      expect(await ask("a")).toBe("HIT");
      expect(await ask("b")).toBe("MISS");
    },
  );

  test("capacity: is of one settings object, and another's entries do not count", async () => {
    await proxy("capacities", {
      settings: { cacheStorageType: "LOCAL", capacity: 1 },
      endpoints: [{ name: "/own", settings: { cacheStorageType: "LOCAL", capacity: 1 } }],
    });
    const ask = (path: string) => get(`capacities/${path}`).then(labelOf);
    await ask("a");
    await ask("own");
    expect([await ask("a"), await ask("own")]).toEqual(["HIT", "HIT"]);
  });

  test("ttl: an entry is served for as many seconds, and not after them", async () => {
    await proxy("aging", { answer: numbered(), settings: { ttl: 60 } });
    const startedAt = performance.now();
    await get("aging/a");
    await plane.age(45_000);
    const old = await get("aging/a");
    expect(labelOf(old)).toBe("HIT");
    expect(Number(old.headers.get("Age"))).toBeWithin(45, 45 + secondsSince(startedAt));
    const status = "uni-cache;hit;ttl=15";
    expect(statusSince(startedAt, old, status)).toBe(status);
    await plane.age(15_000);
    expect(await told(await get("aging/a"))).toBe("MISS call 2");
  });

  test("ttl: what is held in memory alone expires too", async () => {
    await proxy("aging-here", {
      answer: numbered(),
      settings: { ttl: 1, cacheStorageType: "LOCAL" },
    });
    let at = 0;
    /** Whether it was served at once; not to be told where the machine stood still meanwhile. */
    const served = async () => {
      const path = `aging-here/${++at}`;
      const startedAt = performance.now();
      const said = [labelOf(await get(path)), labelOf(await get(path))];
      return performance.now() - startedAt < 1_000 ? said : undefined;
    };
    const said = await eventually(served, (labels) => labels !== undefined);
    expect(said).toEqual(["MISS", "HIT"]);
    await eventually(
      () => get(`aging-here/${at}`).then(labelOf),
      (label) => label === "MISS",
    );
  });

  test("ttl 0: nothing is served from the cache, not even at once", async () => {
    await proxy("no-time", { answer: numbered(), settings: { ttl: 0 } });
    expect(await told(await get("no-time/a"))).toBe("MISS call 1");
    expect(await told(await get("no-time/a"))).toBe("MISS call 2");
  });

  test("ttl absent: the origin says how long", async () => {
    await proxy("by-origin", {
      answer: numbered({ "Cache-Control": "max-age=60" }),
      settings: { ttl: undefined },
    });
    await get("by-origin/a");
    expect(await told(await get("by-origin/a"))).toBe("HIT call 1");
    await plane.age(61_000);
    expect(await told(await get("by-origin/a"))).toBe("MISS call 2");
  });

  test("handlingAction STOP: a hit calls nobody", async () => {
    await proxy("stops", { answer: numbered(), settings: { handlingAction: "STOP" } });
    await get("stops/a");
    for (let i = 0; i < 5; i += 1) {
      expect(await told(await get("stops/a"))).toBe("HIT call 1");
    }
    expect(callsOf("/stops/")).toHaveLength(1);
  });

  test("handlingAction CONTINUE: a hit is answered, and the upstream called behind it", async () => {
    await proxy("goes-on", {
      answer: numbered(),
      settings: { handlingAction: "CONTINUE" },
    });
    await get("goes-on/a");
    expect(await told(await get("goes-on/a"))).toBe("HIT call 1");
    await eventually(
      async () => callsOf("/goes-on/").length,
      (calls) => calls === 2,
    );
  });

  test("invalidationRequiresAuthn false: anyone refreshes", async () => {
    await proxy("open-wish", {
      answer: numbered(),
      settings: { invalidationRequiresAuthn: false },
    });
    await get("open-wish/a");
    const wish = { "cache-control": "no-cache" };
    expect(await told(await get("open-wish/a", wish))).toBe("MISS call 2");
    expect(await told(await get("open-wish/a"))).toBe("HIT call 2");
  });

  test("invalidationRequiresAuthn true: only who may update refreshes", async () => {
    await proxy("closed-wish", {
      answer: numbered(),
      settings: { invalidationRequiresAuthn: true },
    });
    await get("closed-wish/a");
    const wish = { "cache-control": "no-cache" };
    const refused = await get("closed-wish/a", wish);
    expect(refused.status).toBe(401);
    expect(await refused.json()).toEqual({
      error: "unauthorized_client",
      error_description: "Invalid token",
    });
    const token = await addToken(plane.service, { role: "user" });
    const heard = await get("closed-wish/a", { ...wish, "x-api-key": token });
    expect(await told(heard)).toBe("MISS call 2");
  });

  test("cacheNullValue false: an empty answer is not stored", async () => {
    await proxy("nulls-out", {
      answer: reply("[]"),
      settings: { cacheNullValue: false },
    });
    expect(labelOf(await get("nulls-out/a"))).toBe("MISS");
    const second = await get("nulls-out/a");
    expect(labelOf(second)).toBe("MISS");
    expect(statusOf(second)).toContain('detail="null value"');
  });

  test("cacheNullValue true: an empty answer is stored", async () => {
    await proxy("nulls-in", { answer: reply("[]"), settings: { cacheNullValue: true } });
    expect(await told(await get("nulls-in/a"))).toBe("MISS []");
    expect(await told(await get("nulls-in/a"))).toBe("HIT []");
  });

  test("variableList: is not part of a key of type QUERY_PARAMS", async () => {
    await proxy("list-unused", {
      answer: numbered(),
      settings: {
        cacheKeyType: "QUERY_PARAMS",
        variableList: [
          { name: "id", dataType: "STRING", from: { type: "HEADER", headerName: "id" } },
        ],
      },
    });
    await get("list-unused/a", { id: "1" });
    expect(await told(await get("list-unused/a", { id: "2" }))).toBe("HIT call 1");
  });

  test("variableList: each variable of it is part of a key of type CUSTOM", async () => {
    const header = (name: string) =>
      ({
        name,
        dataType: "STRING",
        from: { type: "HEADER", headerName: name },
      }) as const;
    await proxy("list-used", {
      answer: numbered(),
      settings: { cacheKeyType: "CUSTOM", variableList: [header("one"), header("two")] },
    });
    await get("list-used/a", { one: "1", two: "2" });
    expect(await told(await get("list-used/a", { one: "1", two: "2" }))).toBe(
      "HIT call 1",
    );
    expect(await told(await get("list-used/a", { one: "2", two: "2" }))).toBe(
      "MISS call 2",
    );
    expect(await told(await get("list-used/a", { one: "1", two: "1" }))).toBe(
      "MISS call 3",
    );
  });
});
