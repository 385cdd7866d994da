import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import postgres from "postgres";
import { toPostgresOptions } from "../../src/adapters/postgres/address.ts";
import { eventually, jsonOf, type TestService, testService } from "../support/service.ts";
import {
  act,
  createInstance,
  inventoryEntries,
  inventorySources,
  nameOf,
  readable,
  store,
  type Stored,
  TYPES,
  unreachedAfter,
} from "./inventory.ts";
import { bodyOf, storeEntry } from "./stored-entries.ts";

let one: TestService;
let other: TestService;
let orders: number;
let billing: number;
let entries: readonly Stored[];

/** Two processes' worth of services on one database; nothing is collected. */
beforeAll(async () => {
  one = await testService({ worker: "off" });
  other = await testService({ worker: "off", address: one.address });
  await inventorySources(one);
  orders = await createInstance(one, "orders");
  billing = await createInstance(one, "billing", { db_type: " Oracle " });
  entries = inventoryEntries([orders, billing]);
  await eventually(
    () => other.request("/api/v1/sources/weather"),
    ({ status }) => status === 200,
  );
});
afterAll(async () => {
  await other[Symbol.asyncDispose]();
  await one[Symbol.asyncDispose]();
});

/** All is stored, and in the memory of both. */
beforeEach(async () => {
  await one.sql`delete from entries`;
  await act(one, "purge", { all: true });
  await store(one, entries);
  expect(await readable(one, entries)).toHaveLength(entries.length);
  expect(await readable(other, entries)).toHaveLength(entries.length);
});

const without = (gone: (entry: Stored) => boolean) =>
  entries.filter((entry) => !gone(entry)).map(nameOf);

/** Asks `one`, and expects `gone` and nothing else to be gone from both. */
async function expectCleared(
  action: string,
  body: unknown,
  gone: (entry: Stored) => boolean,
  data: object = {},
): Promise<void> {
  const since = performance.now();
  const response = await act(one, action, body);
  const took = performance.now() - since;

  const answer = await jsonOf(response);
  expect([response.status, answer.data]).toEqual([
    200,
    {
      cleared_entries: entries.filter(gone).length,
      unreached_processes: unreachedAfter(took),
      ...data,
    },
  ]);
  if (answer.data.unreached_processes > 0) {
    await eventually(
      () => readable(other, entries),
      (found) => Bun.deepEquals(found, without(gone)),
    );
  }
  expect(await readable(other, entries)).toEqual(without(gone));
  expect(await readable(one, entries)).toEqual(without(gone));
}

const isOf =
  (instance: number, username?: string) =>
  ({ params }: Stored) =>
    params["instance_id"] === String(instance) &&
    (username === undefined ||
      params["username"]?.toLowerCase() === username.toLowerCase());

const waitingForSaves = async () => {
  const waiting = await one.sql`
    select 1 from pg_locks where locktype = 'advisory' and not granted`;
  return waiting.count;
};

describe("POST /api/v1/cache/actions/clear-user", () => {
  test("clears the account's entries of every source, in every process, and no other", async () => {
    await expectCleared(
      "clear-user",
      { instance_id: orders, username: "ada" },
      isOf(orders, "ada"),
    );
  });

  test("knows case where the source does, and none where it doesn't", async () => {
    const body = { instance_id: billing, username: "BOB" };
    await expectCleared(
      "clear-user",
      body,
      (entry) => entry.source === "grants" && isOf(billing, "bob")(entry),
    );
    await act(one, "purge", { all: true });
    await store(one, entries);
    await expectCleared("clear-user", { ...body, username: "Bob" }, isOf(billing, "bob"));
  });

  test("compares composed text", async () => {
    await expectCleared(
      "clear-user",
      { instance_id: orders, username: "c\u0327elik" },
      isOf(orders, "çelik"),
    );
  });

  test("clears nothing of an account that nothing is known of", async () => {
    await expectCleared(
      "clear-user",
      { instance_id: orders, username: "nobody" },
      () => false,
    );
  });

  test("answers 409 while the same account is being cleared, and clears another", async () => {
    const blocking = postgres({ ...toPostgresOptions(one.address), max: 1 });
    const body = { instance_id: orders, username: "ada" };
    const clears = await blocking.begin(async (sql) => {
      // No purge gets through while an exchange saves.
      await sql`select pg_advisory_xact_lock_shared(7205759404)`;
      const first = act(one, "clear-user", body);
      await eventually(waitingForSaves, (waiting) => waiting === 1);
      const second = act(other, "clear-user", body);
      const third = act(other, "clear-user", { ...body, username: "Bob" });
      await eventually(waitingForSaves, (waiting) => waiting === 2);
      // In an object, for a transaction waits for the promises of an array.
      return { first, second: await second, third };
    });
    await blocking.end();
    const { first, second, third } = clears;

    expect([(await first).status, (await third).status]).toEqual([200, 200]);
    expect(second.status).toBe(409);
    expect((await jsonOf(second)).message_code).toBe("CONSTRAINT_VIOLATION");
  });
});

describe("POST /api/v1/cache/actions/clear-instance", () => {
  test("clears everything about the instance, in every process, and nothing else", async () => {
    await expectCleared("clear-instance", { instance_id: billing }, isOf(billing));
  });

  test("counts what could be read, and not what had expired", async () => {
    const first = entries.find(isOf(orders));
    await one.sql`
      update entries set fallback_until = 1 where key = ${first?.key ?? ""}`;

    const response = await act(one, "clear-instance", { instance_id: orders });

    expect((await jsonOf(response)).data.cleared_entries).toBe(5);
    const left = await one.sql`
      select 1 from entries where params @> ${{ instance_id: String(orders) } as never}`;
    expect(left.count).toBe(0);
  });

  test("clears an instance that is not active", async () => {
    const path = `/api/v1/instances/${billing}`;
    await one.send("PATCH", path, { is_active: false });

    await expectCleared("clear-instance", { instance_id: billing }, isOf(billing));

    await one.send("PATCH", path, { is_active: true });
  });

  test("clears what a deleted source has left behind for the next of its id", async () => {
    await one.request("/api/v1/sources/accounts?keep_cache=1", { method: "DELETE" });

    const response = await act(one, "clear-instance", { instance_id: orders });

    // Of the others nobody could read one.
    expect((await jsonOf(response)).data.cleared_entries).toBe(3);
    await one.send("POST", "/api/v1/sources", {
      id: "accounts",
      base_url: "http://127.0.0.1:9",
      key_template: "/instances/{{instance_id}}/accounts/{{username}}",
    });
    expect(await readable(one, entries)).toEqual(without(isOf(orders)));
  });
});

describe("What a deleted source has left behind", () => {
  test("is cleared by the case that the source knew", async () => {
    const sources = ["accounts", "grants"];
    for (const id of sources) {
      await one.request(`/api/v1/sources/${id}?keep_cache=1`, { method: "DELETE" });
    }

    await act(one, "clear-user", { instance_id: orders, username: "ADA" });

    await inventorySources(one, sources);
    expect(await readable(one, entries)).toEqual(
      without((entry) => entry.source === "grants" && isOf(orders, "ada")(entry)),
    );
  });
});

describe("POST /api/v1/cache/actions/clear-all", () => {
  const ofBoth = (entry: Stored) => isOf(orders)(entry) || isOf(billing)(entry);

  test("clears all active instances and nothing else, without a body or a content type", async () => {
    await expectCleared("clear-all", undefined, ofBoth, {
      cleared_count: 2,
      failed_instances: [],
    });
  });

  test("leaves an instance that is not active", async () => {
    const path = `/api/v1/instances/${billing}`;
    await one.send("PATCH", path, { is_active: false });

    await expectCleared("clear-all", {}, isOf(orders), {
      cleared_count: 1,
      failed_instances: [],
    });

    await one.send("PATCH", path, { is_active: true });
  });

  test("goes on past an instance that is being cleared, and says so", async () => {
    const blocking = postgres({ ...toPostgresOptions(one.address), max: 1 });
    await blocking.begin(async (sql) => {
      const name = `instance ${orders}`;
      await sql`select pg_advisory_xact_lock(2, hashtext(${name}))`;
      await expectCleared("clear-all", undefined, isOf(billing), {
        cleared_count: 1,
        failed_instances: [orders],
      });
    });
    await blocking.end();
  });
});

describe("POST /api/v1/cache/actions/clear-classification", () => {
  const isRule = ({ source }: Stored) => source === "rules";

  test.each(TYPES)("clears the rules of %s and those of all types", async (type) => {
    await expectCleared(
      "clear-classification",
      { db_type: type },
      ({ params }) => params["db_type"] === type || params["db_type"] === "all",
    );
  });

  test("takes a type in any case and with spaces around it", async () => {
    await expectCleared(
      "clear-classification",
      { db_type: "MySQL " },
      ({ params }) => params["db_type"] === "mysql" || params["db_type"] === "all",
    );
  });

  test.each([
    [undefined],
    [{}],
    [{ db_type: null }],
    [{ db_type: "" }],
    [{ db_type: " " }],
  ])("clears every rule with the body %j", async (body) => {
    await expectCleared("clear-classification", body, isRule);
  });

  test("clears a rule of a type that is none of the four, too", async () => {
    const rule = { source: "rules", key: "/rules/mongo", params: { db_type: "mongo" } };
    await store(one, [rule]);

    const response = await act(one, "clear-classification");

    expect((await jsonOf(response)).data.cleared_entries).toBe(6);
    expect(await readable(other, [rule])).toEqual([]);
  });
});

describe("GET /api/v1/cache/classification/stats", () => {
  const rulesOf = async () => {
    const response = await one.request("/api/v1/cache/classification/stats");
    const { data } = await jsonOf(response);
    expect(data.cache_enabled).toBe(true);
    expect(data.cache_stats.status).toBe("connected");
    return data.db_type_stats;
  };
  const rule = (db_type: string, json: string, changes: object = {}) =>
    storeEntry(one, "rules", `/rules/${db_type}`, 0, {
      params: { db_type },
      ...bodyOf(json),
      etag: json,
      ...changes,
    });

  test("counts the rules of each type, and those of all types for none", async () => {
    await rule("mysql", "[1,2,3]");
    await rule("postgresql", '{"rules":[{"name":"\\u0000"},{}]}');
    await rule("oracle", '{"rules":"none"}');
    await rule("all", "[1,2,3,4,5]");
    await one.sql`delete from entries where key = '/rules/sqlserver'`;

    expect(await rulesOf()).toEqual({
      mysql: { rules_cached: true, rules_count: 3 },
      postgresql: { rules_cached: true, rules_count: 2 },
      sqlserver: { rules_cached: false, rules_count: 0 },
      oracle: { rules_cached: true, rules_count: 1 },
    });
  });

  test("sums over sources, and passes over what has expired", async () => {
    await rule("mysql", "[1,2,3]");
    await storeEntry(one, "weather", "/weather/mysql", 0, {
      params: { db_type: "mysql" },
      ...bodyOf("text"),
      encoding: "text",
    });
    await one.sql`update entries set fallback_until = 1 where key = '/rules/oracle'`;

    expect(await rulesOf()).toMatchObject({
      mysql: { rules_cached: true, rules_count: 4 },
      oracle: { rules_cached: false, rules_count: 0 },
    });
  });
});

describe("GET /api/v1/cache/stats", () => {
  test("tells what is stored of each source, and how reads were answered", async () => {
    await one.sql`update entries set fallback_until = 1 where key = '/rules/oracle'`;

    const response = await one.request("/api/v1/cache/stats");

    const { stats } = (await jsonOf(response)).data;
    const { hits, misses, stale_served, hit_ratio, ...info } = stats.info;
    expect(stats.status).toBe("connected");
    expect(info).toEqual({
      entries: 17,
      bytes: 17 * 7,
      is_estimate: false,
      by_source: {
        accounts: { entries: 6, bytes: 42 },
        grants: { entries: 6, bytes: 42 },
        rules: { entries: 4, bytes: 28 },
        weather: { entries: 1, bytes: 7 },
      },
    });
    expect(hits).toBeGreaterThan(2 * entries.length);
    expect(hit_ratio).toBe(hits / (hits + misses + stale_served));
  });
});
