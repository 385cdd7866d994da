import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Effect } from "effect";
import { EntryMemory } from "../../src/services/entry/entry-memory.ts";
import { EntryStore } from "../../src/services/entry/entry-store.ts";
import { countingUpstream } from "../support/counting-upstream.ts";
import { cuttable } from "../support/cuttable.ts";
import { testDatabase } from "../support/postgres.ts";
import { eventually, jsonOf, type TestService, testService } from "../support/service.ts";
import {
  addGuest,
  bodyOf,
  HOUR,
  makeSource,
  MINUTE,
  storeEntry,
} from "./stored-entries.ts";

/** Collects nothing, so that what is queued stays queued. Each test has a source of its own. */
let service: TestService;
let guest: Record<string, string>;

beforeAll(async () => {
  service = await testService({ worker: "off" });
  guest = await addGuest(service);
});
afterAll(() => service[Symbol.asyncDispose]());

const pathOf = (id: string) => `/api/v1/cache/${id}/batch-get`;
const batch = (
  id: string,
  keys: unknown,
  headers: Record<string, string> = {},
  on: TestService = service,
) =>
  on.request(pathOf(id), {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify({ keys }),
  });
const itemsOf = async (response: Response) => {
  expect(response.status).toBe(200);
  return (await jsonOf(response)).items;
};
const tasksOf = (id: string) =>
  service.sql<{ id: string; key: string; priority: number; told: boolean }[]>`
    select id, key, priority, told from tasks where source_id = ${id} order by place`;
const citiesOf = (count: number) =>
  Array.from({ length: count }, (_, index) => `/weather/city-${index}`);
const expectProblem = async (response: Response, status: number, fields?: string[]) => {
  const body = await jsonOf(response);
  expect([response.status, body.status]).toEqual([status, status]);
  if (fields !== undefined) {
    expect(body.errors.map(({ field }: { field: string }) => field)).toEqual(fields);
  }
};

/** Statements that the store is asked, while `work` runs. */
async function roundTrips(work: () => Promise<unknown>): Promise<number> {
  let count = 0;
  const store = await service.run(EntryStore);
  const { findMany, find } = store;
  Object.assign(store, {
    findMany: (...args: Parameters<typeof findMany>) => {
      count += 1;
      return findMany(...args);
    },
    find: (...args: Parameters<typeof find>) => {
      count += 1;
      return find(...args);
    },
  });
  try {
    await work();
    return count;
  } finally {
    Object.assign(store, { findMany, find });
  }
}

describe("POST /api/v1/cache/{source_id}/batch-get", () => {
  test("answers as the document says: a hit with data and meta, a miss with neither", async () => {
    await makeSource(service, "document");
    await storeEntry(service, "document", "/weather/Shanghai", 0, {
      ...bodyOf('{"temp":29.3,"unit":"C"}'),
      params: { city: "Shanghai" },
    });

    const response = await batch("document", ["/weather/Shanghai", "/weather/Beijing"]);

    const [hit, miss] = await itemsOf(response);
    const [task] = await tasksOf("document");
    expect(response.headers.get("Content-Type")).toBe("application/json; charset=utf-8");
    expect(hit).toEqual({
      key: "/weather/Shanghai",
      hit: true,
      data: { temp: 29.3, unit: "C" },
      meta: {
        source_id: "document",
        key: "/weather/Shanghai",
        params: { city: "Shanghai" },
        cached_at: expect.stringMatching(/Z$/),
        expires_at: expect.stringMatching(/Z$/),
        last_fetch_at: expect.stringMatching(/Z$/),
        stale: false,
        ttl_s: 600,
        etag: 'W/"one"',
        origin_status: 200,
        last_modified: null,
        content_type: "application/json",
        data_encoding: "json",
        refresh_state: "ok",
      },
    });
    expect(miss).toEqual({
      key: "/weather/Beijing",
      hit: false,
      data: null,
      meta: { stale: null, task_id: task?.id, refresh_state: "queued" },
    });
    expect(response.headers.get("X-RateLimit-Limit")).toBe("5");
    expect(response.headers.get("RateLimit-Policy")).toBe('"minute";q=5;w=60');
  });

  test("keeps the order, answers a repeated key each time, and shows the one spelling", async () => {
    await makeSource(service, "order");
    await storeEntry(service, "order", "/weather/Oslo", 0, bodyOf("1"));
    await storeEntry(service, "order", "/weather/a%2Fb", 0, bodyOf("2"));

    const items = await itemsOf(
      await batch("order", [
        "/weather/none",
        { city: "a/b" },
        "weather//%4Fslo",
        "/weather/none",
        "/weather/Oslo",
      ]),
    );

    expect(
      items.map(({ key, hit, data }: Record<string, unknown>) => [key, hit, data]),
    ).toEqual([
      ["/weather/none", false, null],
      ["/weather/a%2Fb", true, 2],
      ["/weather/Oslo", true, 1],
      ["/weather/none", false, null],
      ["/weather/Oslo", true, 1],
    ]);
    expect(items[0].meta.task_id).toBe(items[3].meta.task_id);
    expect(await tasksOf("order")).toHaveLength(1);
  });

  test("passes the upstream's JSON on byte for byte, text and base64 as a read does", async () => {
    await makeSource(service, "bytes");
    const json = '{ "n": 1.10, "big": 12345678901234567890, "s": "\\u00e9" }';
    await storeEntry(service, "bytes", "/weather/json", 0, bodyOf(json));
    await storeEntry(service, "bytes", "/weather/text", 0, {
      ...bodyOf('say "ü"'),
      encoding: "text",
    });
    await storeEntry(service, "bytes", "/weather/raw", 0, {
      body: Uint8Array.of(0, 255),
      encoding: "base64",
    });

    const response = await batch("bytes", [
      "/weather/json",
      "/weather/text",
      "/weather/raw",
    ]);

    const text = await response.text();
    expect(text).toContain(`"data":${json},"meta":`);
    const { items } = JSON.parse(text);
    expect(items[1].data).toBe('say "ü"');
    expect(items[2].data).toBe("AP8=");
    expect(response.headers.get("Content-Length")).toBe(String(Buffer.byteLength(text)));
  });

  test("serves what is stale and a fallback, and queues them behind what is absent", async () => {
    await makeSource(service, "aged");
    await storeEntry(service, "aged", "/weather/fresh");
    await storeEntry(service, "aged", "/weather/stale", 11 * MINUTE);
    await storeEntry(service, "aged", "/weather/fallback", HOUR);
    await storeEntry(service, "aged", "/weather/expired", 25 * HOUR);

    const items = await itemsOf(
      await batch("aged", [
        "/weather/fresh",
        "/weather/stale",
        "/weather/fallback",
        "/weather/expired",
        "/weather/absent",
      ]),
    );

    expect(
      items.map(({ hit, meta }: any) => [hit, meta.stale, meta.refresh_state]),
    ).toEqual([
      [true, false, "ok"],
      [true, true, "queued"],
      [true, true, "queued"],
      [false, null, "queued"],
      [false, null, "queued"],
    ]);
    const tasks = await tasksOf("aged");
    expect(tasks.map(({ key, priority, told }) => [key, priority, told])).toEqual([
      ["/weather/expired", 2, true],
      ["/weather/absent", 2, true],
      ["/weather/stale", 3, true],
      ["/weather/fallback", 3, true],
    ]);
    const ids = new Map(tasks.map(({ id, key }) => [key, id]));
    for (const { key, meta } of items) expect(meta.task_id).toBe(ids.get(key));
  });

  test("asked again, gives the same tasks and queues nothing more", async () => {
    await makeSource(service, "again");
    await storeEntry(service, "again", "/weather/stale", 11 * MINUTE);
    const keys = ["/weather/stale", "/weather/absent"];
    const idsOf = (items: any[]) => items.map(({ meta }) => meta.task_id);

    const first = idsOf(await itemsOf(await batch("again", keys)));
    const second = idsOf(await itemsOf(await batch("again", keys)));

    expect(first).toEqual([expect.any(String), expect.any(String)]);
    expect(second).toEqual(first);
    expect(await tasksOf("again")).toHaveLength(2);
  });

  test("asks the store once for 1,000 keys, and not at all for what is in memory", async () => {
    await makeSource(service, "thousand");
    const keys = citiesOf(1_000);
    await Promise.all(
      keys.slice(0, 500).map((key) => storeEntry(service, "thousand", key)),
    );
    let items: any[] = [];

    const first = await roundTrips(async () => {
      items = await itemsOf(await batch("thousand", keys, { "X-UC-Cache-Only": "1" }));
    });
    const again = await roundTrips(() => batch("thousand", keys.slice(0, 500)));

    expect(items.map(({ key }) => key)).toEqual(keys);
    expect(items.filter(({ hit }) => hit)).toHaveLength(500);
    expect([first, again]).toEqual([1, 0]);
  });

  test("spoils what it was loading when a purge comes between", async () => {
    await makeSource(service, "purged");
    await storeEntry(service, "purged", "/weather/Oslo");
    const store = await service.run(EntryStore);
    const { findMany } = store;
    const [source] = await service.sql`select epoch from sources where id = 'purged'`;
    const id = { space: `s${source?.["epoch"]}`, key: "/weather/Oslo" };
    Object.assign(store, {
      // The purge is done after the store was asked, and before its answer is taken.
      findMany: (...args: Parameters<typeof findMany>) =>
        Effect.tap(findMany(...args), () => store.purge({ _tag: "Key", ...id })),
    });
    try {
      await batch("purged", ["/weather/Oslo"], { "X-UC-Cache-Only": "1" });
    } finally {
      Object.assign(store, { findMany });
    }

    await eventually(
      () => service.run(Effect.map(EntryMemory, (memory) => memory.peek(id))),
      (held) => held === undefined,
    );
    const items = await itemsOf(
      await batch("purged", ["/weather/Oslo"], { "X-UC-Cache-Only": "1" }),
    );
    expect(items[0].hit).toBe(false);
  });

  test("keys whose refresh failed of late are not queued again", async () => {
    await makeSource(service, "resting");
    await storeEntry(service, "resting", "/weather/stale", 11 * MINUTE);
    const keys = ["/weather/stale", "/weather/absent"];
    await batch("resting", keys);
    await service.sql`
      insert into backoffs (key_hash, failures, failed_at, until, error_code, error_detail)
      select key_hash, 1, uc_now(), uc_now() + 10000, 'UPSTREAM_STATUS', 'Answered 500'
      from tasks where source_id = 'resting'`;
    await service.sql`delete from tasks where source_id = 'resting'`;
    await service.run(Effect.map(EntryMemory, (memory) => memory.clear()));

    const items = await itemsOf(await batch("resting", keys));

    expect(items.map(({ meta }: any) => [meta.refresh_state, meta.task_id])).toEqual([
      ["failed", undefined],
      ["failed", undefined],
    ]);
    expect(await tasksOf("resting")).toHaveLength(0);
    await batch("resting", keys, { "X-UC-Bypass-Cache": "1" });
    expect(await tasksOf("resting")).toHaveLength(2);
  });

  test("a full queue fails nothing: what finds room is queued, the rest has no task", async () => {
    await makeSource(service, "full", { max_queue: 3 });
    await storeEntry(service, "full", "/weather/stale", 11 * MINUTE);
    const keys = ["/weather/stale", ...citiesOf(5)];

    const items = await itemsOf(await batch("full", keys));
    const again = await itemsOf(await batch("full", ["/weather/other"]));

    const queued = items.filter(({ meta }: any) => meta.task_id !== undefined);
    expect(queued.map(({ key }: any) => key)).toEqual(citiesOf(3));
    expect(items[0].hit).toBe(true);
    expect(await tasksOf("full")).toHaveLength(3);
    expect(again[0]).toEqual({
      key: "/weather/other",
      hit: false,
      data: null,
      meta: { stale: null, refresh_state: "idle" },
    });
  });

  test("what is queued is fetched, and a hit from then on", async () => {
    await using upstream = await countingUpstream();
    await using own = await testService();
    await makeSource(own, "fetched", {
      base_url: upstream.url,
      rate_limit: { per_minute: 1_000 },
    });
    const keys = citiesOf(20);
    await batch("fetched", keys, {}, own);

    const items = await eventually(
      async () => itemsOf(await batch("fetched", keys, { "X-UC-Cache-Only": "1" }, own)),
      (items) => items.every(({ hit }: any) => hit),
    );

    expect(items.map(({ data }: any) => data.path)).toEqual(keys);
    expect(upstream.calls).toHaveLength(20);
  });

  test("together more than 64 MiB is 422, whether it is many or one many times", async () => {
    await makeSource(service, "large");
    const keys = citiesOf(9);
    for (const key of keys) await storeEntry(service, "large", key);
    await service.sql`
      update entries set body = convert_to(repeat('1', 8 * 1024 * 1024), 'UTF8')
      where space = (select 's' || epoch from sources where id = 'large')`;
    const [first = ""] = keys;
    const times = (count: number) => Array.from({ length: count }, () => first);

    const many = await batch("large", keys);
    const one = await batch("large", times(9));
    const most = await batch("large", times(8));

    await expectProblem(many, 422, ["keys"]);
    await expectProblem(one, 422, ["keys"]);
    expect(most.status).toBe(200);
    expect((await most.arrayBuffer()).byteLength).toBeGreaterThan(64 * 1024 * 1024);
    await service.run(Effect.map(EntryMemory, (memory) => memory.clear()));
  });
});

describe("batch-get by its headers", () => {
  test.each(["1", "true"])("X-UC-Cache-Only: %s queues nothing", async (flag) => {
    const id = `only-${flag}`;
    await makeSource(service, id);
    await storeEntry(service, id, "/weather/stale", 11 * MINUTE);

    const items = await itemsOf(
      await batch(id, ["/weather/stale", "/weather/absent"], { "X-UC-Cache-Only": flag }),
    );

    expect(items.map(({ hit }: any) => hit)).toEqual([true, false]);
    expect(items[0].meta).not.toHaveProperty("task_id");
    expect(items[1].meta).toEqual({ stale: null, refresh_state: "idle" });
    expect(await tasksOf(id)).toHaveLength(0);
  });

  test("X-UC-Bypass-Cache queues every key for a call in any case, and serves what there is", async () => {
    await makeSource(service, "bypass");
    await storeEntry(service, "bypass", "/weather/fresh");
    await batch("bypass", ["/weather/absent"]);

    const items = await itemsOf(
      await batch("bypass", ["/weather/fresh", "/weather/absent"], {
        "X-UC-Bypass-Cache": "true",
      }),
    );

    expect(
      items.map(({ hit, meta }: any) => [hit, meta.stale, meta.refresh_state]),
    ).toEqual([
      [true, false, "queued"],
      [false, null, "queued"],
    ]);
    const rows = await service.sql`
      select key, newer_than from tasks where source_id = 'bypass' order by key`;
    expect([...rows]).toEqual([
      { key: "/weather/absent", newer_than: null },
      { key: "/weather/fresh", newer_than: null },
    ]);
  });

  test("X-UC-Bypass-Cache needs update: a guest gets 403, and 200 without it", async () => {
    await makeSource(service, "guests");

    const bypassing = await batch("guests", ["/weather/a"], {
      ...guest,
      "X-UC-Bypass-Cache": "1",
    });
    const queuedByBypass = await tasksOf("guests");
    const plain = await batch("guests", ["/weather/a"], guest);

    await expectProblem(bypassing, 403);
    expect(queuedByBypass).toHaveLength(0);
    expect(plain.status).toBe(200);
  });

  test("both at once are 400, a wrong value too, though waiting has no effect", async () => {
    await makeSource(service, "headers");
    const ask = (headers: Record<string, string>) =>
      batch("headers", ["/weather/a"], headers);

    await expectProblem(
      await ask({ "X-UC-Cache-Only": "1", "X-UC-Bypass-Cache": "1" }),
      400,
    );
    for (const name of ["X-UC-Cache-Only", "X-UC-Bypass-Cache", "X-UC-Wait"]) {
      for (const value of ["maybe", "", "2", "TRUE"]) {
        await expectProblem(await ask({ [name]: value }), 400, [name]);
      }
    }
    expect(await tasksOf("headers")).toHaveLength(0);
    expect((await ask({ "X-UC-Wait": "1", Prefer: "wait=60" })).status).toBe(200);
  });
});

describe("batch-get by its body", () => {
  const ask = (body: unknown) => service.send("POST", pathOf("bodies"), body);

  beforeAll(() => makeSource(service, "bodies"));

  test("1 to 1,000 keys are read", async () => {
    expect((await ask({ keys: citiesOf(1) })).status).toBe(200);
    expect((await ask({ keys: citiesOf(1_000) })).status).toBe(200);
  });

  test.each<[string, unknown, string[]]>([
    ["no keys", {}, ["keys"]],
    ["an empty list", { keys: [] }, ["keys"]],
    ["1,001 keys", { keys: citiesOf(1_001) }, ["keys"]],
    ["a single key", { keys: "/weather/a" }, ["keys"]],
    ["null", { keys: null }, ["keys"]],
    ["a number", { keys: ["/weather/a", 5] }, ["keys[1]"]],
    ["a list in the list", { keys: [["/weather/a"]] }, ["keys[0]"]],
    ["params that are no text", { keys: [{ city: 5 }] }, ["keys[0]"]],
    ["an unknown field", { keys: ["/weather/a"], priority: "high" }, ["priority"]],
    ["a list for the body", [], ["body"]],
  ])("%s: 422", async (_, body, fields) => {
    await expectProblem(await ask(body), 422, fields);
  });

  test.each<[string, unknown]>([
    ["another path", "/other/a"],
    ["an empty key", ""],
    ["a dot segment", "/weather/.."],
    ["an escaped one", "/weather/%2e%2e"],
    ["NUL", "/weather/\0"],
    ["a broken escape", "/weather/%zz"],
    ["one too long", `/weather/${"a".repeat(2_040)}`],
    ["params without the name", {}],
    ["params with another name", { city: "a", country: "b" }],
    ["an empty param", { city: "" }],
    ["a param that would add a segment", { city: ".." }],
    ["a param too long", { city: "a".repeat(2_040) }],
  ])("one bad key among many, %s: 422 naming it, and nothing queued", async (_, bad) => {
    const queued = (await tasksOf("bodies")).length;
    const keys = ["/weather/new-1", "/weather/new-2", bad, { city: "new-3" }];

    await expectProblem(await ask({ keys }), 422, ["keys[2]"]);

    expect(await tasksOf("bodies")).toHaveLength(queued);
  });

  test("all bad ones are named, at most twenty", async () => {
    const response = await ask({ keys: Array.from({ length: 100 }, () => "/other") });

    const { errors } = await jsonOf(response);
    expect(errors.map(({ field }: { field: string }) => field)).toEqual(
      Array.from({ length: 20 }, (_, index) => `keys[${index}]`),
    );
  });

  test("what is no JSON is 400, of another type 415, more than 1 MiB 413", async () => {
    const post = (body: string, type = "application/json") =>
      service.request(pathOf("bodies"), {
        method: "POST",
        headers: { "content-type": type },
        body,
      });

    await expectProblem(await post("{"), 400, ["body"]);
    await expectProblem(await post(""), 400, ["body"]);
    await expectProblem(await post("{}", "text/plain"), 415);
    await expectProblem(await post(" ".repeat(1024 * 1024 + 1)), 413);
  });

  test("a source that is none is 404, a stranger gets 401", async () => {
    await expectProblem(await batch("unknown", ["/weather/a"]), 404);
    await expectProblem(
      await batch("bodies", ["/weather/a"], { authorization: "Bearer nobody" }),
      401,
    );
  });
});

describe("batch-get while the store is away", () => {
  test("serves what is in memory and is 503 for the rest", async () => {
    await using database = await testDatabase();
    await using wire = await cuttable(database);
    await using own = await testService({ worker: "off", address: { url: wire.url } });
    await makeSource(own, "outage");
    await storeEntry(own, "outage", "/weather/stale", 11 * MINUTE);
    await storeEntry(own, "outage", "/weather/fresh");
    const held = ["/weather/stale", "/weather/fresh"];
    await batch("outage", held, { "X-UC-Cache-Only": "1" }, own);

    await wire.cut();
    const served = await itemsOf(await batch("outage", held, {}, own));
    const rest = await batch("outage", [...held, "/weather/absent"], {}, own);

    expect(served.map(({ hit }: any) => hit)).toEqual([true, true]);
    expect(served[0].meta).not.toHaveProperty("task_id");
    await expectProblem(rest, 503);
    expect(rest.headers.get("Retry-After")).toBe("1");
    await wire.mend();
  }, 60_000);
});
