import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { Effect } from "effect";
import { Counters } from "../../../src/services/counters.ts";
import type {
  RequestResult,
  RequestTarget,
} from "../../../src/services/gateway/request-counts.ts";
import { Sweeping } from "../../../src/services/sweeping.ts";
import { cuttable } from "../../support/cuttable.ts";
import { testDatabase } from "../../support/postgres.ts";
import { eventually } from "../../support/service.ts";
import { insertSource, sourceOf } from "./sources.ts";
import { atOnce, type TestStore, testStore } from "./test-store.ts";

let one: TestStore;
let other: TestStore;

/** Two processes on one database. */
beforeAll(async () => {
  one = await testStore();
  other = await testStore({ address: one.address });
  await insertSource(one.sql, sourceOf("a"));
  await one.sql`insert into projects (name, created_at) values ('b', 0), ('a', 0)`;
});
beforeEach(async () => {
  for (const store of [one, other]) {
    await store.run(requests());
  }
  await one.sql`delete from counters`;
  await one.sql`delete from api_proxies`;
});
afterAll(async () => {
  await other[Symbol.asyncDispose]();
  await one[Symbol.asyncDispose]();
});

const requests = (mostEndpoints = 200) =>
  Counters.use((counters) => counters.requests(mostEndpoints));
const totals = Counters.use((counters) => counters.totals);
const count = (target: RequestTarget, result: RequestResult, times = 1) =>
  Counters.use((counters) =>
    Effect.sync(() => {
      for (let n = 0; n < times; n++) counters.countRequest(target, result);
    }),
  );

const none = { hit: 0, miss: 0, stale: 0, bypass: 0, refused: 0 };

async function addProxy(name: string, project = "a") {
  const [row] = await one.sql<{ id: number }[]>`
    insert into api_proxies
      (project_name, name, source_id, access, creation_type, created_at, updated_at)
    values (${project}, ${name}, 'a', 'PUBLIC', 'REVERSE_PROXY', 0, 0) returning id`;
  return row?.id ?? 0;
}

async function addEndpoint(proxyId: number, name: string, httpMethod = "GET") {
  const [row] = await one.sql<{ id: number }[]>`
    insert into endpoints (proxy_id, name, http_method, backend_resource_url,
      backend_http_method, active)
    values (${proxyId}, ${name}, ${httpMethod}, ${name}, ${httpMethod}, true) returning id`;
  return { proxyId, endpointId: row?.id ?? 0 };
}

const passing = (proxyId: number) => ({ proxyId, endpointId: undefined });

const rows = async () => {
  const found = await one.sql<{ name: string }[]>`
    select name from counters where starts_with(name, 'gateway/') order by name`;
  return found.map(({ name }) => name);
};

describe("Counters.requests", () => {
  test("has every API proxy by project and name, and 0 for what was never counted", async () => {
    await addProxy("z");
    await addProxy("b");
    await addProxy("a", "b");

    expect(await one.run(requests())).toEqual([
      { projectName: "a", name: "b", counts: none, endpoints: [] },
      { projectName: "a", name: "z", counts: none, endpoints: [] },
      { projectName: "b", name: "a", counts: none, endpoints: [] },
    ]);
  });

  test("has of each proxy all its requests, and of each endpoint its own", async () => {
    const proxy = await addProxy("p");
    const get = await addEndpoint(proxy, "/a");
    const post = await addEndpoint(proxy, "/a", "POST");
    await addEndpoint(proxy, "/never");
    await one.run(count(passing(proxy), "bypass", 2));
    await one.run(count(get, "hit", 3));
    await one.run(count(get, "stale"));
    await one.run(count(post, "miss", 5));
    await one.run(count(post, "refused"));

    expect(await one.run(requests())).toEqual([
      {
        projectName: "a",
        name: "p",
        counts: { hit: 3, miss: 5, stale: 1, bypass: 2, refused: 1 },
        endpoints: [
          { name: "/a", httpMethod: "POST", counts: { ...none, miss: 5, refused: 1 } },
          { name: "/a", httpMethod: "GET", counts: { ...none, hit: 3, stale: 1 } },
        ],
      },
    ]);
  });

  test("has the busiest endpoints of each proxy, as many as were asked for", async () => {
    for (const name of ["p", "q"]) {
      const proxy = await addProxy(name);
      for (let n = 1; n <= 4; n++) {
        await one.run(count(await addEndpoint(proxy, `/${n}`), "hit", n));
      }
    }
    const names = async (most: number) =>
      (await one.run(requests(most))).map(({ endpoints }) =>
        endpoints.map(({ name }) => name),
      );

    expect(await names(2)).toEqual([
      ["/4", "/3"],
      ["/4", "/3"],
    ]);
    expect(await names(0)).toEqual([[], []]);
  });

  test("loses and doubles nothing when two processes count and look at once", async () => {
    const proxy = await addProxy("p");
    const targets = [await addEndpoint(proxy, "/a"), await addEndpoint(proxy, "/b")];
    const work = (on: TestStore, index: number) =>
      Effect.gen(function* () {
        const order = on === one ? targets : targets.toReversed();
        for (const target of order) yield* count(target, "hit");
        if (index % 5 === 0) yield* requests();
      });

    await atOnce(200, (index) => {
      const on = index % 2 === 0 ? one : other;
      return on.run(work(on, index));
    });

    await one.run(requests());
    const [found] = await other.run(requests());
    expect(found?.counts.hit).toBe(400);
    expect(found?.endpoints.map(({ counts }) => counts.hit)).toEqual([200, 200]);
    expect((await other.run(totals)).gateway_hit).toBe(400);
  });

  test("keeps to the proxy and the totals what a deleted endpoint had, and to the totals what a proxy had", async () => {
    const proxy = await addProxy("p");
    const endpoint = await addEndpoint(proxy, "/a");
    await one.run(count(endpoint, "hit", 7));
    const told = async () => {
      const [found] = await one.run(requests());
      const { gateway_hit } = await one.run(totals);
      return [found?.counts.hit, found?.endpoints.length, gateway_hit];
    };
    expect(await told()).toEqual([7, 1, 7]);

    await one.sql`delete from endpoints`;
    expect(await told()).toEqual([7, 0, 7]);

    await one.sql`delete from api_proxies`;
    expect(await told()).toEqual([undefined, undefined, 7]);
  });
});

describe("what was counted of a request", () => {
  test("is handed in by itself, soon, and by a stop", async () => {
    const proxy = await addProxy("p");
    const stored = async () => {
      const [row] = await one.sql<{ value: number }[]>`
        select value from counters where name = ${`gateway/${proxy}/hit`}`;
      return row?.value ?? 0;
    };
    const third = await testStore({ address: one.address });
    await third.run(count(passing(proxy), "hit", 3));
    expect(await eventually(stored, (value) => value > 0)).toBe(3);
    await third.run(count(passing(proxy), "hit", 4));

    await third[Symbol.asyncDispose]();

    expect(await stored()).toBe(7);
  });

  test("outlives an outage of the store, and is handed in once after it", async () => {
    await using database = await testDatabase();
    await using wire = await cuttable(database);
    await using process = await testStore({ address: { url: wire.url } });
    await process.run(count(passing(1), "hit"));
    await process.run(totals);

    await wire.cut();
    await process.run(count(passing(1), "hit", 10));
    await process.exit(totals);
    await process.run(count(passing(1), "hit", 100));
    await wire.mend();

    await eventually(
      () => process.exit(totals),
      ({ _tag }) => _tag === "Success",
    );
    const [row] = await process.sql<{ value: number }[]>`
      select value from counters where name = 'gateway/1/hit'`;
    expect(row?.value).toBe(111);
  }, 60_000);

  test("is swept once its endpoint or proxy has gone, and nothing else is", async () => {
    const [kept, gone] = [await addProxy("kept"), await addProxy("gone")];
    const stays = await addEndpoint(kept, "/stays");
    const goes = await addEndpoint(kept, "/goes");
    const with_ = await addEndpoint(gone, "/with");
    await one.run(Effect.forEach([stays, goes, with_], (target) => count(target, "hit")));
    await one.run(count(passing(gone), "refused"));
    await one.run(requests());
    await one.sql`insert into counters (name, value) values ('entries g1 e1 ', 5)`;
    expect(await rows()).toHaveLength(6);

    await one.sql`delete from endpoints where name = '/goes'`;
    await one.sql`delete from api_proxies where name = 'gone'`;
    await one.run(Sweeping.use((sweeping) => sweeping.sweep));

    expect(await rows()).toEqual([
      `gateway/${kept}/${stays.endpointId}/hit`,
      `gateway/${kept}/hit`,
    ]);
    const { gateway_hit, gateway_refused } = await one.run(totals);
    expect([gateway_hit, gateway_refused]).toEqual([3, 1]);
    const remembered = await one.sql`
      select 1 from counters where name = 'entries g1 e1 '`;
    expect(remembered).toHaveLength(1);
  });
});
