import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  type CountingUpstream,
  countingUpstream,
  json,
} from "../support/counting-upstream.ts";
import { eventually, jsonOf, type TestService, testService } from "../support/service.ts";
import { timed } from "../support/moving-clock.ts";

let service: TestService;
let upstream: CountingUpstream;
let otherOrigin: CountingUpstream;

beforeAll(async () => {
  [service, upstream, otherOrigin] = await Promise.all([
    testService(),
    countingUpstream(),
    countingUpstream(),
  ]);
});

afterAll(async () => {
  await service[Symbol.asyncDispose]();
  await upstream[Symbol.asyncDispose]();
  await otherOrigin[Symbol.asyncDispose]();
});

const SOURCES = "/api/v1/sources";
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

const create = (body: object) => service.send("POST", SOURCES, body);
const change = (id: string, body: object) =>
  service.send("PATCH", `${SOURCES}/${id}`, body);
const remove = (id: string, query = "") =>
  service.request(`${SOURCES}/${id}${query}`, { method: "DELETE" });
const read = async (id: string) => jsonOf(await service.request(`${SOURCES}/${id}`));

/** What the list holds, as text: to see that nothing of it changed. */
const everything = async () => (await service.request(SOURCES)).text();

const cachePath = (id: string, key: string) =>
  `/api/v1/cache/${id}/${encodeURIComponent(key)}`;
const readCached = (id: string, key: string) =>
  service.request(cachePath(id, key), { headers: { "X-UC-Cache-Only": "true" } });

/** Has the key refreshed, waits for the end of that task, and reads what is stored. */
async function fetchKey(id: string, key: string): Promise<Response> {
  const queued = await service.request(cachePath(id, key));
  const task = queued.headers.get("Location") ?? "";
  await eventually(
    async () => jsonOf(await service.request(task)),
    ({ state }) => state === "succeeded" || state === "failed",
  );
  return service.request(cachePath(id, key));
}

const fieldsOf = async (response: Response) =>
  ((await jsonOf(response)).errors ?? []).map(({ field }: { field: string }) => field);

/** A source whose upstream is the counting one. */
const local = (id: string) => ({
  id,
  base_url: upstream.url,
  key_template: "/weather/{{city}}",
  rate_limit: { per_minute: 1_000 },
});

describe("POST /api/v1/sources", () => {
  test("creates the example of the API design, with every default", async () => {
    const response = await create({
      id: "weather",
      name: "Weather API",
      base_url: "https://api.example.com",
      default_headers: { Authorization: "Bearer <upstream-token>" },
      rate_limit: { per_minute: 5, burst: 2 },
      cache_ttl_s: 600,
      key_template: "/weather/{{city}}",
    });

    expect(response.status).toBe(201);
    expect(response.headers.get("Location")).toBe("/api/v1/sources/weather");
    expect(response.headers.get("Content-Type")).toBe("application/json; charset=utf-8");
    const body = await jsonOf(response);
    expect(body).toEqual({
      id: "weather",
      name: "Weather API",
      base_url: "https://api.example.com",
      default_headers: { Authorization: "***" },
      default_query: {},
      rate_limit: { per_minute: 5, burst: 2 },
      cache_ttl_s: 600,
      stale_while_revalidate_s: 600,
      stale_if_error_s: 86_400,
      negative_ttl_s: 60,
      key_template: "/weather/{{city}}",
      key_case: "preserve",
      timeout_ms: 10_000,
      max_body_bytes: 5_242_880,
      not_modified_is_free: false,
      max_queue: 10_000,
      refresh: "on_demand",
      created_at: expect.stringMatching(INSTANT),
      updated_at: body.created_at,
    });
    expect(await read("weather")).toEqual(body);
  });

  test("needs no more than an id, a base URL and a template", async () => {
    const response = await create({
      id: "bare",
      base_url: "https://api.example.com/v1/",
      key_template: "/{{path*}}",
    });

    const body = await jsonOf(response);
    expect(response.status).toBe(201);
    expect(body).toMatchObject({ name: "bare", rate_limit: { per_minute: 5 } });
    expect(body.cache_ttl_s).toBe(600);
  });

  test("takes null for what has a default", async () => {
    const response = await create({
      id: "nulls",
      base_url: "https://api.example.com",
      key_template: "/a",
      name: null,
      rate_limit: null,
      default_headers: null,
      cache_ttl_s: null,
    });

    expect(response.status).toBe(201);
    expect(await jsonOf(response)).toMatchObject({
      name: "nulls",
      rate_limit: { per_minute: 5 },
      default_headers: {},
      cache_ttl_s: 600,
    });
  });

  test("the stale window follows the TTL while unset, and is a minute where that is 0", async () => {
    await create({ ...local("follows"), cache_ttl_s: 0 });
    const withoutTtl = await read("follows");
    await change("follows", { cache_ttl_s: 30 });
    const withTtl = await read("follows");
    await change("follows", { stale_while_revalidate_s: 0 });
    await change("follows", { cache_ttl_s: 40 });

    expect(withoutTtl.stale_while_revalidate_s).toBe(60);
    expect(withTtl.stale_while_revalidate_s).toBe(30);
    expect((await read("follows")).stale_while_revalidate_s).toBe(0);
  });

  test("answers 409 for a taken id, and overwrites nothing", async () => {
    await create({ ...local("taken"), default_headers: { "X-Key": "first" } });
    const before = await everything();

    const response = await create({
      ...local("taken"),
      name: "Thief",
      default_headers: { "X-Key": "second" },
    });

    const body = await jsonOf(response);
    expect(response.status).toBe(409);
    expect(body).toEqual({
      type: "about:blank",
      title: "Source exists",
      status: 409,
      detail: 'Cannot create source "taken": the id is taken',
      instance: "/api/v1/sources",
      code: "SOURCE_EXISTS",
      request_id: response.headers.get("X-Request-Id"),
    });
    expect(await everything()).toBe(before);
    upstream.answer(json({}));
    await fetchKey("taken", "/weather/Oslo");
    expect(upstream.calls.at(-1)?.headers["x-key"]).toBe("first");
  });

  test("of many creations of one id at once exactly one succeeds", async () => {
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, n) => create({ ...local("raced"), name: `${n}` })),
    );

    const created = answers.filter(({ status }) => status === 201);
    expect(created).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(7);
    expect(await jsonOf(created[0] as Response)).toEqual(await read("raced"));
  });
});

describe("GET /api/v1/sources", () => {
  test("answers a bare array, ordered by id in byte order", async () => {
    for (const id of ["z", "a-b", "a.b", "a_b", "a0", "ab", "0"]) {
      await create(local(`order.${id}`));
    }

    const response = await service.request(SOURCES);

    const body = await jsonOf(response);
    const ids: string[] = body.map(({ id }: { id: string }) => id);
    expect(response.status).toBe(200);
    expect(ids).toEqual(ids.toSorted());
    expect(ids.filter((id) => id.startsWith("order."))).toEqual([
      "order.0",
      "order.a-b",
      "order.a.b",
      "order.a0",
      "order.a_b",
      "order.ab",
      "order.z",
    ]);
    expect(body.find(({ id }: { id: string }) => id === "order.z")).toEqual(
      await read("order.z"),
    );
  });
});

describe("GET /api/v1/sources/{source_id}", () => {
  test("answers 404 for an unknown id", async () => {
    const response = await service.request(`${SOURCES}/unknown`);

    expect(response.status).toBe(404);
    expect(await jsonOf(response)).toEqual({
      type: "about:blank",
      title: "Source not found",
      status: 404,
      detail: 'Cannot find source "unknown"',
      instance: "/api/v1/sources/unknown",
      code: "SOURCE_NOT_FOUND",
      request_id: response.headers.get("X-Request-Id"),
    });
  });
});

describe("PATCH /api/v1/sources/{source_id}", () => {
  test("changes the fields it names and no other", async () => {
    await create({ ...local("patched"), name: "Before", cache_ttl_s: 60 });
    const before = await read("patched");

    const response = await change("patched", { cache_ttl_s: 120, key_case: "lower" });

    const body = await jsonOf(response);
    expect(response.status).toBe(200);
    expect(body).toEqual({
      ...before,
      cache_ttl_s: 120,
      stale_while_revalidate_s: 120,
      key_case: "lower",
      updated_at: expect.stringMatching(INSTANT),
    });
    expect(await read("patched")).toEqual(body);
  });

  test("an empty patch changes nothing", async () => {
    await create(local("untouched"));
    const before = await read("untouched");

    const response = await change("untouched", {});

    const { updated_at: _, ...body } = await jsonOf(response);
    expect(response.status).toBe(200);
    expect(before).toMatchObject(body);
  });

  test("null resets each field to its default", async () => {
    const { id, base_url, key_template } = local("reset");
    await create({ id, base_url, key_template });
    const { updated_at: _, ...defaults } = await read("reset");
    await change("reset", {
      name: "Named",
      default_headers: { "X-Key": "k" },
      default_query: { q: "s" },
      rate_limit: { per_minute: 9, per_day: 10 },
      cache_ttl_s: 1,
      stale_while_revalidate_s: 2,
      stale_if_error_s: 3,
      negative_ttl_s: 4,
      key_case: "lower",
      timeout_ms: 500,
      max_body_bytes: 6,
      not_modified_is_free: true,
      max_queue: 7,
      refresh: "adaptive",
    });
    const changed = await read("reset");

    const resettable = Object.keys(defaults).filter(
      (field) => !["id", "base_url", "key_template", "created_at"].includes(field),
    );
    const response = await change(
      "reset",
      Object.fromEntries(resettable.map((field) => [field, null])),
    );

    expect(resettable.filter((field) => changed[field] === defaults[field])).toEqual([]);
    expect(response.status).toBe(200);
    expect(await read("reset")).toMatchObject(defaults);
  });

  test.each([
    ["base_url", { base_url: null }],
    ["key_template", { key_template: null }],
    ["id", { id: "renamed" }],
    ["id", { id: "refused" }],
    ["ttl", { ttl: 5 }],
    ["created_at", { created_at: "2020-01-01T00:00:00.000Z" }],
    ["rate_limit.burst", { rate_limit: { per_minute: 5, burst: 6 } }],
    ["rate_limit.per_minute", { rate_limit: { burst: 1 } }],
    ["rate_limit.per_week", { rate_limit: { per_minute: 5, per_week: 6 } }],
    ["default_headers.X-New", { default_headers: { "X-New": "***" } }],
    ["default_query.new", { default_query: { new: "***" } }],
    ["key_template", { key_template: "/a/{{b" }],
  ])("refuses %s with 422 and changes nothing: %j", async (field, patch) => {
    await create({
      ...local("refused"),
      default_headers: { "X-Key": "k" },
      rate_limit: { per_minute: 10, burst: 10 },
    });
    const before = await everything();

    const response = await change("refused", { name: "changed", ...patch });

    expect(response.status).toBe(422);
    expect(await fieldsOf(response)).toEqual([field]);
    expect(await everything()).toBe(before);
  });

  test("replaces rate_limit whole, so that a burst of before does not stay", async () => {
    await create({ ...local("limits"), rate_limit: { per_minute: 10, burst: 10 } });

    const response = await change("limits", { rate_limit: { per_minute: 4 } });

    expect(response.status).toBe(200);
    expect((await read("limits")).rate_limit).toEqual({ per_minute: 4 });
  });

  test("replaces default_headers and default_query whole; *** keeps that one value", async () => {
    await create({
      ...local("masks"),
      default_headers: { "X-Kept": "kept", "X-Gone": "gone", "User-Agent": "before" },
      default_query: { kept: "kept", gone: "gone" },
    });

    const response = await change("masks", {
      default_headers: { "x-kept": "***", "X-New": "new" },
      default_query: { kept: "***", fresh: "fresh" },
    });
    await fetchKey("masks", "/weather/Oslo");

    expect(response.status).toBe(200);
    expect(await jsonOf(response)).toMatchObject({
      default_headers: { "x-kept": "***", "X-New": "***" },
      default_query: { kept: "***", fresh: "***" },
    });
    const call = upstream.calls.at(-1);
    expect(call?.headers).toMatchObject({
      "x-kept": "kept",
      "x-new": "new",
      "user-agent": "uni-cache",
    });
    expect(call?.headers).not.toContainKey("x-gone");
    expect(call?.target).toBe("/weather/Oslo?kept=kept&fresh=fresh");
  });

  test.each([
    ["nothing else", {}],
    ["the mask", { default_headers: { "X-Key": "***" }, default_query: { q: "s" } }],
    ["only the headers anew", { default_headers: { "X-Key": "again" } }],
    ["only the query anew", { default_query: { q: "again" } }],
  ])("another origin does not get stored secrets: with %s, 422", async (_, rest) => {
    await create({
      ...local("moved"),
      default_headers: { "X-Key": "k" },
      default_query: { q: "s" },
    });
    const before = await everything();

    const response = await change("moved", { base_url: otherOrigin.url, ...rest });

    expect(response.status).toBe(422);
    expect(await fieldsOf(response)).toEqual(["base_url"]);
    expect(await everything()).toBe(before);
    expect(otherOrigin.calls).toEqual([]);
  });

  test.each([
    ["all secrets are named again", { default_headers: { "X-Key": "2" } }],
    ["they are dropped", { default_headers: null }],
  ])("the origin may change when %s", async (title, rest) => {
    const id = title.replaceAll(" ", "-");
    await create({ ...local(id), default_headers: { "X-Key": "k" } });

    const response = await change(id, { base_url: "https://other.example.com", ...rest });

    expect(response.status).toBe(200);
    expect((await read(id)).base_url).toBe("https://other.example.com");
  });

  test("another path at the same origin keeps the secrets", async () => {
    await create({ ...local("prefixed"), default_headers: { "X-Key": "k" } });

    const response = await change("prefixed", { base_url: `${upstream.url}/v2/` });
    await fetchKey("prefixed", "/weather/Oslo");

    expect(response.status).toBe(200);
    expect(upstream.calls.at(-1)).toMatchObject({ target: "/v2/weather/Oslo" });
    expect(upstream.calls.at(-1)?.headers["x-key"]).toBe("k");
  });

  test("a changed TTL applies to entries stored from then on", async () => {
    upstream.answer(json({}));
    await create({ ...local("ttl"), cache_ttl_s: 100 });
    const before = (await jsonOf(await fetchKey("ttl", "/weather/Before"))).meta;

    await change("ttl", { cache_ttl_s: 300 });

    const kept = (await jsonOf(await readCached("ttl", "/weather/Before"))).meta;
    const after = (await jsonOf(await fetchKey("ttl", "/weather/After"))).meta;
    expect(kept).toMatchObject({ ttl_s: 100, expires_at: before.expires_at });
    expect(after.ttl_s).toBe(300);
  });

  test("answers 404 for an unknown id", async () => {
    expect((await change("unknown", { name: "x" })).status).toBe(404);
  });
});

describe("secrets of a source", () => {
  const secrets = ["hush-header-1", "hush-cookie-2", "hush-query-3"];
  const [header = "", cookie = "", query = ""] = secrets;

  test("are masked in every answer, and all but the harmless headers are secrets", async () => {
    const created = await create({
      ...local("masked"),
      default_headers: {
        Authorization: `Bearer ${header}`,
        Cookie: cookie,
        Accept: "text/plain",
        "accept-language": "de",
        "Content-Type": "text/plain",
        "USER-AGENT": "agent",
        Accepted: "secret",
        "X-Accept": "secret",
      },
      default_query: { key: query, lang: "de" },
    });
    const texts = [await created.text()];
    for (const path of [SOURCES, `${SOURCES}/masked`]) {
      texts.push(await (await service.request(path)).text());
    }
    texts.push(await (await change("masked", { name: "Again" })).text());
    texts.push(await (await create(local("masked"))).text());
    const stored = await fetchKey("masked", "/weather/Oslo");
    texts.push(await stored.text(), JSON.stringify([...stored.headers]));

    expect(created.status).toBe(201);
    for (const text of texts) {
      for (const secret of secrets) expect(text).not.toContain(secret);
    }
    expect(await read("masked")).toMatchObject({
      default_headers: {
        Authorization: "***",
        Cookie: "***",
        Accept: "text/plain",
        "accept-language": "de",
        "Content-Type": "text/plain",
        "USER-AGENT": "agent",
        Accepted: "***",
        "X-Accept": "***",
      },
      default_query: { key: "***", lang: "***" },
    });
    expect(upstream.calls.at(-1)?.headers).toMatchObject({
      authorization: `Bearer ${header}`,
      cookie,
    });
  });

  test("stand in no row of the database in clear", async () => {
    await create({
      ...local("at-rest"),
      default_headers: { Authorization: `Bearer ${header}`, Cookie: cookie },
      default_query: { key: query },
    });
    await fetchKey("at-rest", "/weather/Oslo");

    const rows = await allRows();

    expect(rows).toContain("at-rest");
    for (const secret of secrets) {
      expect(rows).not.toContain(secret);
      expect(rows).not.toContain(Buffer.from(secret).toString("hex"));
      expect(rows).not.toContain(Buffer.from(secret).toString("base64").slice(0, -4));
    }
  });

  test("a failure of the upstream does not tell them", async () => {
    upstream.answer((_, response) => {
      response.writeHead(302, { location: `http://127.0.0.1:1/?stolen=${query}` });
      response.end();
    });
    await create({
      ...local("failing"),
      default_headers: { Authorization: `Bearer ${header}` },
      default_query: { key: query },
    });
    const path = cachePath("failing", "/weather/Oslo");

    const queued = await service.request(path);
    const failed = await eventually(
      () => service.request(path),
      ({ status }) => status !== 202,
    );
    const task = await service.request(queued.headers.get("Location") ?? "");

    const texts = [await failed.text(), await task.text()].join();
    expect(failed.status).toBe(502);
    expect(texts).toContain("another origin");
    for (const secret of secrets) expect(texts).not.toContain(secret);
    upstream.answer(json({}));
  });
});

/** Every row of every table, as PostgreSQL writes it. */
async function allRows(): Promise<string> {
  const tables = await service.sql<{ name: string }[]>`
    select table_name as name from information_schema.tables where table_schema = 'public'`;
  const rows = await Promise.all(
    tables.map(
      ({ name }) => service.sql`select t::text as row from ${service.sql(name)} t`,
    ),
  );
  return JSON.stringify(rows);
}

describe("DELETE /api/v1/sources/{source_id}", () => {
  test("answers 204; then source, entries and budget are not found", async () => {
    await create(local("deleted"));
    await fetchKey("deleted", "/weather/Oslo");

    const response = await remove("deleted");

    expect(response.status).toBe(204);
    expect(await response.text()).toBe("");
    for (const path of [
      `${SOURCES}/deleted`,
      cachePath("deleted", "/weather/Oslo"),
      "/api/v1/rate-limit/deleted",
    ]) {
      const gone = await service.request(path);
      expect(gone.status).toBe(404);
      expect((await jsonOf(gone)).code).toBe("SOURCE_NOT_FOUND");
    }
    expect((await remove("deleted")).status).toBe(404);
  });

  test("a source made again under the id finds no entries", async () => {
    await create(local("again"));
    await fetchKey("again", "/weather/Oslo");

    await remove("again");
    await create(local("again"));

    expect((await readCached("again", "/weather/Oslo")).status).toBe(404);
  });

  test.each(["1", "true"])(
    "?keep_cache=%s keeps the entries for a source of the same id and origin",
    async (flag) => {
      upstream.answer(json({ kept: flag }));
      const id = `kept-${flag}`;
      await create(local(id));
      const before = (await jsonOf(await fetchKey(id, "/weather/Oslo"))).meta;
      const calls = upstream.calls.length;

      const deleted = await remove(id, `?keep_cache=${flag}`);
      const between = await service.request(cachePath(id, "/weather/Oslo"));
      await create({ ...local(id), base_url: `${upstream.url}/v2`, cache_ttl_s: 5 });
      const adopted = await service.request(cachePath(id, "/weather/Oslo"));

      expect(deleted.status).toBe(204);
      expect(between.status).toBe(404);
      expect(adopted.headers.get("X-UC-Cache")).toBe("HIT");
      expect(await jsonOf(adopted)).toMatchObject({
        data: { kept: flag },
        meta: { cached_at: before.cached_at, expires_at: before.expires_at },
      });
      expect(upstream.calls).toHaveLength(calls);
    },
  );

  test.each(["0", "false"])("?keep_cache=%s keeps nothing", async (flag) => {
    await create(local(`unkept-${flag}`));
    await fetchKey(`unkept-${flag}`, "/weather/Oslo");

    await remove(`unkept-${flag}`, `?keep_cache=${flag}`);
    await create(local(`unkept-${flag}`));

    expect((await readCached(`unkept-${flag}`, "/weather/Oslo")).status).toBe(404);
  });

  test("?keep_cache=perhaps is refused with 422 and deletes nothing", async () => {
    await create(local("perhaps"));

    const response = await remove("perhaps", "?keep_cache=perhaps");

    expect(response.status).toBe(422);
    expect(await fieldsOf(response)).toEqual(["keep_cache"]);
    expect((await read("perhaps")).id).toBe("perhaps");
  });

  test("kept entries are not adopted at another origin, nor later at the first one", async () => {
    await create(local("elsewhere"));
    await fetchKey("elsewhere", "/weather/Oslo");

    await remove("elsewhere", "?keep_cache=1");
    await create({ ...local("elsewhere"), base_url: otherOrigin.url });
    const elsewhere = await readCached("elsewhere", "/weather/Oslo");
    await remove("elsewhere", "?keep_cache=1");
    await create(local("elsewhere"));
    const back = await readCached("elsewhere", "/weather/Oslo");

    expect(elsewhere.status).toBe(404);
    expect(back.status).toBe(404);
  });

  test("a new template adopts the keys that match it and removes the others", async () => {
    await create({ ...local("narrowed"), key_template: "/{{path*}}" });
    await fetchKey("narrowed", "/weather/Oslo");
    await fetchKey("narrowed", "/other/Oslo");

    await remove("narrowed", "?keep_cache=1");
    await create({ ...local("narrowed"), key_template: "/weather/{{city}}" });
    const adopted = await readCached("narrowed", "/weather/Oslo");
    const stranger = await readCached("narrowed", "/other/Oslo");
    await change("narrowed", { key_template: "/{{path*}}" });
    const removed = await readCached("narrowed", "/other/Oslo");

    expect(adopted.headers.get("X-UC-Cache")).toBe("HIT");
    expect(stranger.status).toBe(422);
    expect(removed.status).toBe(404);
  });

  test("adopted entries have the params of the new template", async () => {
    await create(local("relabelled"));
    await fetchKey("relabelled", "/weather/Oslo");

    await remove("relabelled", "?keep_cache=1");
    await create({ ...local("relabelled"), key_template: "/weather/{{town}}" });
    const adopted = await jsonOf(await readCached("relabelled", "/weather/Oslo"));

    expect(adopted.meta.params).toEqual({ town: "Oslo" });
  });

  test("an exchange under way does not bring an entry back", async () => {
    const held = Promise.withResolvers<void>();
    upstream.answer(async (_, response) => {
      await held.promise;
      response.setHeader("content-type", "application/json");
      response.end('{"late":true}');
    });
    await create(local("in-flight"));
    const calls = upstream.calls.length;
    const queued = await service.request(cachePath("in-flight", "/weather/Oslo"));
    await upstream.called(calls + 1);

    await remove("in-flight");
    await create(local("in-flight"));
    held.resolve();
    await eventually(
      async () => jsonOf(await service.request(queued.headers.get("Location") ?? "")),
      ({ state }) => state !== "running",
    );

    expect((await readCached("in-flight", "/weather/Oslo")).status).toBe(404);
    upstream.answer(json({}));
  });

  test("what was called stays counted when the source is made again", async () => {
    await create({ ...local("counted"), rate_limit: { per_minute: 3 } });
    await fetchKey("counted", "/weather/Oslo");

    await remove("counted");
    await create({ ...local("counted"), rate_limit: { per_minute: 3 } });

    const budget = await eventually(
      async () => jsonOf(await service.request("/api/v1/rate-limit/counted")),
      ({ remaining }) => remaining !== 3,
    );
    expect(budget).toMatchObject({ per_minute: 3, remaining: 2, cooldown_until: null });
  });
});

describe("another process on the same database", () => {
  test("sees each change of a source within a second", async () => {
    await using second = await testService({ address: service.address, worker: "off" });
    const seen = async (until: (body: any, status: number) => boolean) => {
      // The rate limit is told from memory; the source itself is read from the store.
      const ask = async () => {
        const response = await second.request("/api/v1/rate-limit/seen");
        return { body: await jsonOf(response), status: response.status };
      };
      const seeing = () => eventually(ask, ({ body, status }) => until(body, status));
      return (await timed(service, seeing)).millis;
    };

    await create(local("seen"));
    const created = await seen((_, status) => status === 200);
    await change("seen", { rate_limit: { per_minute: 7 } });
    const changed = await seen((body) => body.per_minute === 7);
    await remove("seen");
    const removed = await seen((_, status) => status === 404);

    expect(Math.max(created, changed, removed)).toBeLessThan(1_000);
  });

  test("stops serving entries of a deleted source within a second", async () => {
    await using second = await testService({ address: service.address, worker: "off" });
    await create(local("served-there"));
    await fetchKey("served-there", "/weather/Oslo");
    const path = cachePath("served-there", "/weather/Oslo");
    const there = await eventually(
      () => second.request(path),
      ({ status }) => status === 200,
    );

    await remove("served-there");
    const { millis } = await timed(service, () =>
      eventually(
        () => second.request(path),
        ({ status }) => status === 404,
      ),
    );

    expect(there.headers.get("X-UC-Cache")).toBe("HIT");
    expect(millis).toBeLessThan(1_000);
  });
});
