import { afterAll, describe, expect, test } from "bun:test";
import { Effect } from "effect";
import type { IncomingMessage } from "node:http";
import { gzipSync } from "node:zlib";
import { EntryMemory } from "../../src/services/entry/entry-memory.ts";
import { type Answer, countingUpstream, json } from "../support/counting-upstream.ts";
import { cuttable } from "../support/cuttable.ts";
import { testDatabase } from "../support/postgres.ts";
import { eventually, jsonOf, type TestService, testService } from "../support/service.ts";
import { HOUR, MINUTE, pathOf, weatherService } from "./weather.ts";

/** Each test has a source of its own, and with it keys, calls and a budget of its own. */
const fixture = await weatherService();
const { answers, callsOf, fetchKey, read, readCached, readInTime, service } = fixture;
const { settled, source: weather, tasksOf, upstream } = fixture;
const otherOrigin = await countingUpstream();

afterAll(async () => {
  await fixture[Symbol.asyncDispose]();
  await otherOrigin[Symbol.asyncDispose]();
});

const answerBytes =
  (
    body: string | Uint8Array,
    headers: Record<string, string> = {},
    status = 200,
  ): Answer =>
  (_, response) => {
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(body);
  };

/** Waits until headers tell that `remaining` calls are left: hits tell it from memory, a moment late. */
const told = (id: string, remaining: number, key?: string) =>
  eventually(
    () => readCached(id, key),
    ({ headers }) => headers.get("X-RateLimit-Remaining") === String(remaining),
  );

/** The headers that every read has, of one answer. */
const shown = ({ headers }: Response) => ({
  label: headers.get("X-UC-Cache"),
  age: headers.get("X-UC-Age"),
  tag: headers.get("ETag"),
  control: headers.get("Cache-Control"),
  status: headers.get("Cache-Status"),
  limit: headers.get("X-RateLimit-Limit"),
  remaining: headers.get("X-RateLimit-Remaining"),
  reset: headers.get("X-RateLimit-Reset"),
  draft: headers.get("RateLimit"),
  policy: headers.get("RateLimit-Policy"),
  type: headers.get("Content-Type"),
});

const JSON_TYPE = "application/json; charset=utf-8";
const TAG = /^W\/"[\w-]{22}"$/;

describe("GET /api/v1/cache/{source_id}/{key}", () => {
  test("fresh: HIT with the whole body and every header", async () => {
    answers.set(
      "fresh",
      json({ temp: 29.3, unit: "C" }, 200, {
        "Last-Modified": "Fri, 29 Aug 2025 16:00:00 GMT",
        "X-RateLimit-Limit": "77",
      }),
    );
    await weather("fresh", { rate_limit: { per_minute: 10, per_hour: 100 } });
    await fetchKey("fresh");
    await told("fresh", 9);
    await service.age(100_000);

    const response = await read("fresh");

    const [row] = await service.sql`
      select stored_at, fresh_until, request_at, etag from entries
      where params->>'city' = 'Oslo' and etag = ${response.headers.get("ETag")}`;
    const instant = (millis: unknown) => new Date(Number(millis)).toISOString();
    expect(response.status).toBe(200);
    expect(await jsonOf(response)).toEqual({
      data: { temp: 29.3, unit: "C" },
      meta: {
        source_id: "fresh",
        key: "/weather/Oslo",
        params: { city: "Oslo" },
        cached_at: instant(row?.["stored_at"]),
        expires_at: instant(row?.["fresh_until"]),
        last_fetch_at: instant(row?.["request_at"]),
        stale: false,
        ttl_s: 600,
        etag: row?.["etag"],
        origin_status: 200,
        last_modified: "2025-08-29T16:00:00.000Z",
        content_type: "application/json",
        data_encoding: "json",
        refresh_state: "ok",
      },
    });
    const headers = shown(response);
    const age = Number(headers.age);
    const fresh = Number(/max-age=(\d+)$/.exec(headers.control ?? "")?.[1]);
    const reset = Number(headers.reset);
    expect(age).toBeWithin(100, 130);
    expect(age + fresh).toBeWithin(599, 601);
    expect(reset).toBeWithin(1, 62);
    expect(headers).toEqual({
      label: "HIT",
      age: String(age),
      tag: expect.stringMatching(TAG),
      control: `private, max-age=${fresh}`,
      status: `uni-cache;hit;ttl=${fresh}`,
      limit: "10",
      remaining: "9",
      reset: String(reset),
      draft: `"minute";r=9;t=${reset}`,
      policy: '"minute";q=10;w=60, "hour";q=100;w=3600',
      type: JSON_TYPE,
    });
    expect(response.headers.get("X-Request-Id")).toMatch(/^[\w-]{36}$/);
  });

  test("stale: STALE at once, and a refresh behind the answer", async () => {
    answers.set("stale", json({ n: 1 }));
    await weather("stale");
    await fetchKey("stale");
    answers.set("stale", json({ n: 2 }));
    await service.age(11 * MINUTE);

    const response = await read("stale");
    await settled("stale", 2);
    const after = await read("stale");

    const headers = shown(response);
    const body = await jsonOf(response);
    expect(response.status).toBe(200);
    expect(headers).toMatchObject({
      label: "STALE",
      control: "no-cache",
      status: expect.stringMatching(/^uni-cache;hit;ttl=-6\d;detail="refresh-queued"$/),
      type: JSON_TYPE,
      limit: "1000",
    });
    expect(Number(headers.age)).toBeWithin(660, 670);
    expect(body.data).toEqual({ n: 1 });
    expect(body.meta.stale).toBe(true);
    expect(after.headers.get("X-UC-Cache")).toBe("HIT");
    expect((await jsonOf(after)).data).toEqual({ n: 2 });
    expect(callsOf("stale")).toHaveLength(2);
  });

  test("fallback with a free call: MISS with the new value, within the read", async () => {
    let id = "";
    const response = await readInTime(async (attempt) => {
      id = `fallback-${attempt}`;
      answers.set(id, json({ n: 1 }));
      await weather(id);
      await fetchKey(id);
      answers.set(id, json({ n: 2 }));
      await service.age(HOUR);
      return id;
    });

    expect(response.status).toBe(200);
    expect(shown(response)).toMatchObject({
      label: "MISS",
      age: "0",
      control: expect.stringMatching(/^private, max-age=(59\d|600)$/),
      status: expect.stringMatching(/^uni-cache;fwd=stale;stored;ttl=(59\d|600)$/),
    });
    expect(await jsonOf(response)).toMatchObject({
      data: { n: 2 },
      meta: { stale: false, ttl_s: 600, refresh_state: "ok" },
    });
    expect(callsOf(id)).toHaveLength(2);
  });

  test("fallback with no call free: STALE, and a refresh waits", async () => {
    await weather("spent", { rate_limit: { per_minute: 1 } });
    await fetchKey("spent");
    await told("spent", 0);
    await service.age(HOUR);

    const response = await read("spent");

    expect(response.status).toBe(200);
    expect(shown(response)).toMatchObject({
      label: "STALE",
      control: "no-cache",
      remaining: "0",
      status: expect.stringContaining('detail="refresh-queued"'),
    });
    await eventually(
      () => tasksOf("spent"),
      (tasks) => tasks.at(-1)?.state === "queued",
    );
    expect(callsOf("spent")).toHaveLength(1);
  });

  test("fallback while the upstream fails: STALE, and within the back-off no more calls", async () => {
    await weather("failing-fallback");
    await fetchKey("failing-fallback");
    answers.set("failing-fallback", json({}, 400));
    await service.age(HOUR);

    const first = await read("failing-fallback");
    await settled("failing-fallback", 2);
    const again = await read("failing-fallback");

    expect(first.headers.get("X-UC-Cache")).toBe("STALE");
    expect(again.headers.get("X-UC-Cache")).toBe("STALE");
    expect((await jsonOf(again)).data).toEqual({ n: 1 });
    expect(callsOf("failing-fallback")).toHaveLength(2);
  });

  test("absent: 202 with the task, which is first in line", async () => {
    await weather("absent", { rate_limit: { per_minute: 1 } });
    await fetchKey("absent", "/weather/Bergen");
    await told("absent", 0, "/weather/Bergen");

    const response = await read("absent");

    const id = response.headers.get("X-UC-Task-Id") ?? "";
    const body = await jsonOf(response);
    expect(response.status).toBe(202);
    expect(id).toMatch(/^t_[0-9a-f]{32}$/);
    expect(response.headers.get("Location")).toBe(`/api/v1/tasks/${id}`);
    expect(body).toEqual({
      task_id: id,
      source_id: "absent",
      key: "/weather/Oslo",
      state: "queued",
      retry_after_s: Number(response.headers.get("Retry-After")),
    });
    expect(shown(response)).toMatchObject({
      label: "MISS",
      tag: null,
      status: 'uni-cache;fwd=uri-miss;detail="queued"',
      limit: "1",
      remaining: "0",
      type: JSON_TYPE,
    });
    expect(response.headers.get("Cache-Control")).toMatch(/^no-(cache|store)$/);
    const [task] = await service.sql`select priority, told from tasks where id = ${id}`;
    expect(task).toEqual({ priority: 2, told: true });
  });

  test("absent: Retry-After is when a call is free, and each one waiting before costs a turn", async () => {
    await weather("forecast", { rate_limit: { per_minute: 1 } });
    await fetchKey("forecast", "/weather/Bergen");

    const first = await read("forecast", {}, "/weather/Oslo");
    const second = await read("forecast", {}, "/weather/Paris");

    expect(Number(first.headers.get("Retry-After"))).toBeWithin(50, 62);
    expect(Number(second.headers.get("Retry-After"))).toBeWithin(110, 123);
  });

  test("absent: both names of a task tell the same", async () => {
    await weather("tasks");
    const response = await read("tasks");
    const id = response.headers.get("X-UC-Task-Id") ?? "";
    await settled("tasks");

    const short = await jsonOf(await service.request(`/api/v1/tasks/${id}`));
    const long = await jsonOf(await service.request(`/api/v1/tasks/status/${id}`));

    expect(long).toEqual(short);
    expect(short).toEqual({
      task_id: id,
      source_id: "tasks",
      key: "/weather/Oslo",
      state: "succeeded",
      progress: 1,
      queued_at: expect.stringMatching(/Z$/),
      started_at: expect.stringMatching(/Z$/),
      ended_at: expect.stringMatching(/Z$/),
      error: null,
    });
  });

  test("expired reads like absent", async () => {
    await weather("expired", { stale_if_error_s: 3_600 });
    await fetchKey("expired");
    await service.age(10 * MINUTE + HOUR);

    const cached = await readCached("expired");
    const response = await read("expired");

    expect(cached.status).toBe(404);
    expect(response.status).toBe(202);
    expect(response.headers.get("X-UC-Cache")).toBe("MISS");
  });

  test.each([404, 410])(
    "an upstream's %i reads 200 until negative_ttl_s",
    async (status) => {
      const id = `gone-${status}`;
      answers.set(id, json({ reason: "none" }, status));
      await weather(id);

      const response = await fetchKey(id);
      await service.age(MINUTE);
      const after = await readCached(id);

      expect(response.status).toBe(200);
      expect(response.headers.get("X-UC-Cache")).toBe("HIT");
      expect(await jsonOf(response)).toMatchObject({
        data: { reason: "none" },
        meta: { origin_status: status, ttl_s: 60, stale: false },
      });
      expect(after.status).toBe(404);
    },
  );
});

describe("X-UC-Cache-Only", () => {
  test.each([
    ["fresh", 0, "HIT"],
    ["stale", 11 * MINUTE, "STALE"],
    ["fallback", HOUR, "STALE"],
  ])("%s: answers from the cache and queues nothing", async (state, aged, label) => {
    const id = `cached-${state}`;
    await weather(id);
    await fetchKey(id);
    await service.age(aged);

    for (const flag of ["true", "1"]) {
      const response = await read(id, { "X-UC-Cache-Only": flag });

      expect(response.status).toBe(200);
      expect(response.headers.get("X-UC-Cache")).toBe(label);
      expect(response.headers.get("Cache-Status")).not.toContain("refresh-queued");
    }
    expect(await tasksOf(id)).toHaveLength(1);
    expect(callsOf(id)).toHaveLength(1);
  });

  test("absent: 404 MISS with the headers of a read, and nothing queued", async () => {
    await weather("cached-absent");

    const response = await readCached("cached-absent");

    expect(response.status).toBe(404);
    expect(await jsonOf(response)).toEqual({
      type: "about:blank",
      title: "Entry not found",
      status: 404,
      detail: 'Cannot find key "/weather/Oslo" in source "cached-absent"',
      instance: pathOf("cached-absent"),
      code: "ENTRY_NOT_FOUND",
      request_id: response.headers.get("X-Request-Id"),
    });
    expect(await tasksOf("cached-absent")).toHaveLength(0);
    expect(callsOf("cached-absent")).toEqual([]);
    expect(shown(response)).toMatchObject({
      label: "MISS",
      status: 'uni-cache;fwd=uri-miss;detail="cache-only"',
      limit: "1000",
      remaining: "1000",
      reset: "0",
      draft: '"minute";r=1000;t=0',
      policy: '"minute";q=1000;w=60',
    });
  });

  test.each(["false", "0"])("%s is the default mode", async (flag) => {
    await weather(`uncached-${flag}`);

    const response = await read(`uncached-${flag}`, { "X-UC-Cache-Only": flag });

    expect(response.status).toBe(202);
  });

  test("a Cache-Control of the request has no effect", async () => {
    await weather("client-control");
    await fetchKey("client-control");

    for (const control of ["no-cache", "no-store", "max-age=0", "only-if-cached"]) {
      const response = await read("client-control", { "Cache-Control": control });
      expect(response.headers.get("X-UC-Cache")).toBe("HIT");
    }
    expect(callsOf("client-control")).toHaveLength(1);
  });
});

describe("data", () => {
  test.each([
    ["a number's spelling", '{"a":1.0,"b":-0.0,"c":1E+2,"d":0.10}'],
    ["numbers beyond doubles", "123456789012345678901234567890.12345678901234567890"],
    ["the order of names, and names twice", '{"b":1,"a":2,"10":3,"2":4,"b":5}'],
    ["whitespace", ' {\r\n\t"a" : [ 1 ,2 ] } \n'],
    ["unicode and escapes", '"\\u00e9é\\ud83d\\ude00😀\\/\u2028"'],
    ["prototype names", '{"__proto__":{"a":1},"constructor":2}'],
    ["a bare null", "null"],
  ])("passes on %s byte for byte", async (title, body) => {
    const id = title.replaceAll(/\W+/g, "-").toLowerCase();
    answers.set(id, answerBytes(body));
    await weather(id);

    const response = await fetchKey(id);

    const text = await response.text();
    expect(text).toStartWith(`{"data":${body},"meta":{"source_id":"${id}",`);
    expect(response.headers.get("Content-Length")).toBe(String(Buffer.byteLength(text)));
  });

  test.each([
    ["text", { "content-type": "text/plain" }, Buffer.from("grün\n"), "grün\n"],
    [
      "text",
      { "content-type": "text/plain; charset=iso-8859-1" },
      Buffer.from("grün", "latin1"),
      "grün",
    ],
    ["text", { "content-type": "text/html" }, Buffer.from("<p>\u2028"), "<p>\u2028"],
    ["base64", { "content-type": "image/png" }, Buffer.from([0, 255, 128]), "AP+A"],
    ["base64", { "content-type": "text/plain" }, Buffer.from([0xff, 0xfe]), "//4="],
    ["json", { "content-type": "application/hal+json" }, Buffer.from("[1]"), [1]],
  ])("as %s, from %j", async (encoding, headers, bytes, data) => {
    const id = `encoded-${encoding}-${bytes.toString("hex")}`;
    answers.set(id, answerBytes(bytes, headers));
    await weather(id);

    const response = await fetchKey(id);

    expect(await jsonOf(response)).toMatchObject({
      data,
      meta: { data_encoding: encoding, content_type: headers["content-type"] },
    });
    expect(response.headers.get("Content-Type")).toBe(JSON_TYPE);
  });

  test("a 204 is null", async () => {
    answers.set("no-content", (_, response) => {
      response.writeHead(204);
      response.end();
    });
    await weather("no-content");

    expect(await jsonOf(await fetchKey("no-content"))).toMatchObject({
      data: null,
      meta: { origin_status: 204, content_type: null, data_encoding: "json" },
    });
  });

  test("a compressed body is stored decompressed", async () => {
    answers.set(
      "gzip",
      answerBytes(gzipSync('{"zipped": true}'), { "content-encoding": "gzip" }),
    );
    await weather("gzip");

    const response = await fetchKey("gzip");

    expect(await response.text()).toStartWith('{"data":{"zipped": true},"meta":');
    expect(response.headers.get("Content-Encoding")).toBeNull();
    expect(callsOf("gzip")[0]?.headers["accept-encoding"]).toContain("gzip");
  });
});

describe("If-None-Match", () => {
  const tagOf = async (id: string) => {
    await weather(id);
    return (await fetchKey(id)).headers.get("ETag") ?? "";
  };
  const spellings: readonly [string, (tag: string) => string][] = [
    ["the tag itself", (tag) => tag],
    ["the strong tag of the same name", (tag) => tag.slice(2)],
    ["a list", (tag) => `"other", W/"more" ,${tag}`],
    ["a list with an empty element and a comma in a tag", (tag) => `, "a,b", ${tag}`],
    ["*", () => "*"],
  ];

  const withoutBudget = (response: Response) => {
    const { type: _, reset: _r, draft: _d, ...others } = shown(response);
    return others;
  };

  test.each(spellings)(
    "%s: 304 with the headers of a 200 and no body",
    async (title, spell) => {
      const id = `match-${title.replaceAll(/\W+/g, "-")}`;
      const tag = await tagOf(id);

      const { response, plain } = await eventually(
        async () => ({
          response: await read(id, { "If-None-Match": spell(tag) }),
          plain: await read(id),
        }),
        ({ response, plain }) => Bun.deepMatch(withoutBudget(plain), shown(response)),
      );

      const expected = withoutBudget(plain);
      expect(response.status).toBe(304);
      expect(await response.text()).toBe("");
      expect(shown(response)).toMatchObject(expected);
      expect(response.headers.get("X-Request-Id")).not.toBeNull();
    },
  );

  test.each([
    ["another tag", () => '"other"'],
    ["an unquoted tag", (tag: string) => tag.slice(3, -1)],
    ["the tag in another case", (tag: string) => tag.toUpperCase().replace(/"$/, 'x"')],
    ["the tag as part of another", (tag: string) => tag.replace(/"$/, 'x"')],
  ])("%s: 200", async (title, spell) => {
    const id = `no-match-${title.replaceAll(/\W+/g, "-")}`;
    const tag = await tagOf(id);

    const response = await read(id, { "If-None-Match": spell(tag) });

    expect(response.status).toBe(200);
  });

  test("equal data has an equal tag, other data another", async () => {
    await weather("tags");
    const oslo = await fetchKey("tags", "/weather/Oslo");
    const paris = await fetchKey("tags", "/weather/Paris");
    answers.set("tags", json({ n: 2 }));
    const rome = await fetchKey("tags", "/weather/Rome");

    const [a, b, c] = [oslo, paris, rome].map(({ headers }) => headers.get("ETag"));
    expect(a).toBe(b as string);
    expect(c).not.toBe(a as string);
  });

  test("a stale entry answers 304 too, and is refreshed behind it", async () => {
    const tag = await tagOf("stale-match");
    await service.age(11 * MINUTE);

    const response = await read("stale-match", { "If-None-Match": tag });
    await settled("stale-match", 2);

    expect(response.status).toBe(304);
    expect(response.headers.get("X-UC-Cache")).toBe("STALE");
    expect(callsOf("stale-match")).toHaveLength(2);
  });
});

describe("HEAD", () => {
  test("has the headers of GET, Content-Length included, and no body", async () => {
    await weather("head");
    await fetchKey("head");
    const all = ({ headers }: Response) => {
      const { "x-request-id": _, ...rest } = Object.fromEntries(headers);
      return rest;
    };

    const { get, head } = await eventually(
      async () => ({
        get: await read("head"),
        head: await service.request(pathOf("head"), { method: "HEAD" }),
      }),
      ({ get, head }) => Bun.deepEquals(all(get), all(head)),
    );

    expect(head.status).toBe(200);
    expect(await head.text()).toBe("");
    expect(all(head)).toEqual(all(get));
    expect(head.headers.get("Content-Length")).toBe(
      String((await get.arrayBuffer()).byteLength),
    );
  });

  test("of what is absent from the cache alone is 404 without a body", async () => {
    await weather("head-absent");

    const response = await service.request(pathOf("head-absent"), {
      method: "HEAD",
      headers: { "X-UC-Cache-Only": "1" },
    });

    expect(response.status).toBe(404);
    expect(await response.text()).toBe("");
    expect(response.headers.get("X-UC-Cache")).toBe("MISS");
  });
});

describe("one key", () => {
  test("every spelling leads to one entry and one call", async () => {
    await weather("spellings", { key_template: "/wetter/{{city}}?a={{a}}&b={{b}}" });
    const spelled = [
      "%2Fwetter%2FK%C3%B6ln%3Fa%3D1%26b%3D2",
      "%2fwetter%2fK%c3%b6ln%3fa=1&b=2",
      "wetter%2FK%C3%B6ln%3Fb=2&a=1",
      "%2F%2Fwetter%2F%2FK%C3%B6ln%2F%3Fa=1&b=2",
      "%20%2Fwetter%2FKo%CC%88ln%3Fa=1&b=2%20",
      "%2Fwetter%2F%254B%25C3%25B6ln%3Fa=1&b=2",
      "%2F%2577etter%2FK%25c3%25b6ln%3F%2561=1&&b=2",
    ];

    const statuses: number[] = [];
    const keys = new Set<string>();
    for (const spelling of spelled) {
      const response = await service.request(`/api/v1/cache/spellings/${spelling}`);
      statuses.push(response.status);
      const body = await jsonOf(response);
      keys.add(body.key ?? body.meta.key);
      await settled("spellings");
    }

    expect(statuses).toEqual([202, 200, 200, 200, 200, 200, 200]);
    expect([...keys]).toEqual(["/wetter/K%C3%B6ln?a=1&b=2"]);
    expect(callsOf("spellings").map(({ target }) => target)).toEqual([
      "/spellings/wetter/K%C3%B6ln?a=1&b=2",
    ]);
  });

  test("different on purpose: case, an escaped slash, a plus", async () => {
    await weather("apart", { key_template: "/w/{{city}}?q={{q}}" });

    const keys = ["/w/a?q=1", "/w/A?q=1", "/w/a%2Fb?q=1", "/w/a?q=1+1", "/w/a?q=1%201"];
    for (const key of keys) await fetchKey("apart", key);

    expect(callsOf("apart").map(({ target }) => target)).toEqual(
      keys.map((key) => `/apart${key}`),
    );
  });

  test("key_case lower makes one of A and a", async () => {
    await weather("lower", { key_case: "lower" });
    await fetchKey("lower", "/Weather/OSLO");

    const response = await readCached("lower", "/weather/Oslo");

    expect((await jsonOf(response)).meta.key).toBe("/weather/oslo");
    expect(callsOf("lower")).toHaveLength(1);
  });

  test("however many readers ask, and go on asking, is one call", async () => {
    await weather("crowd");
    const cities = Array.from({ length: 12 }, (_, n) => `/weather/${n}`);
    const untilStored = (key: string) =>
      eventually(
        () => read("crowd", {}, key),
        ({ status }) => status === 200,
      );

    await Promise.all(cities.flatMap((key) => [untilStored(key), untilStored(key)]));
    await settled("crowd");

    expect(
      callsOf("crowd")
        .map(({ target }) => target)
        .toSorted(),
    ).toEqual(cities.map((key) => `/crowd${key}`).toSorted());
  });
});

describe("a refresh", () => {
  test("asks with the validators it knows; a 304 renews the entry", async () => {
    const asked: IncomingMessage["headers"][] = [];
    answers.set("conditional", (request, response) => {
      asked.push(request.headers);
      const known = request.headers["if-none-match"] === '"v1"';
      response.writeHead(known ? 304 : 200, {
        "content-type": "application/json",
        etag: '"v1"',
        "last-modified": "Fri, 29 Aug 2025 16:00:00 GMT",
      });
      response.end(known ? undefined : '{"v": 1}');
    });
    await weather("conditional");
    const before = await fetchKey("conditional");
    await service.age(11 * MINUTE);

    await read("conditional");
    await settled("conditional", 2);
    const after = await readCached("conditional");

    const [first, second] = [await jsonOf(before), await jsonOf(after)];
    const { cached_at, expires_at, last_fetch_at, ...same } = first.meta;
    expect(asked[0]).not.toContainKeys(["if-none-match"]);
    expect(asked[1]).toMatchObject({
      "if-none-match": '"v1"',
      "if-modified-since": "Fri, 29 Aug 2025 16:00:00 GMT",
    });
    expect(after.headers.get("X-UC-Cache")).toBe("HIT");
    expect(second.data).toEqual({ v: 1 });
    expect(second.meta).toMatchObject(same);
    expect(second.meta.cached_at > cached_at).toBeTrue();
    expect(second.meta.expires_at > expires_at).toBeTrue();
    expect(second.meta.last_fetch_at > last_fetch_at).toBeTrue();
    expect(Date.parse(second.meta.expires_at) - Date.parse(second.meta.cached_at)).toBe(
      600_000,
    );
  });

  test("of a 304 gives the call back where the source says it is free", async () => {
    answers.set("refund", (request, response) => {
      const known = request.headers["if-none-match"] === '"v1"';
      response.writeHead(known ? 304 : 200, {
        "content-type": "application/json",
        etag: '"v1"',
      });
      response.end(known ? undefined : "1");
    });
    await weather("refund", {
      rate_limit: { per_minute: 10 },
      not_modified_is_free: true,
    });
    await fetchKey("refund");
    await service.age(11 * MINUTE);

    await read("refund");
    await settled("refund", 2);

    expect(callsOf("refund")).toHaveLength(2);
    expect(await remainingOf("refund", 9)).toBe(9);
  });

  test("follows redirects within the origin; each is a call", async () => {
    answers.set("redirect", (request, response) => {
      const there = request.url?.endsWith("/there") === true;
      response.writeHead(there ? 200 : 302, {
        "content-type": "application/json",
        ...(there ? {} : { location: "/redirect/there" }),
      });
      response.end(there ? '"arrived"' : "");
    });
    await weather("redirect", { rate_limit: { per_minute: 10 } });

    const response = await fetchKey("redirect");

    expect((await jsonOf(response)).data).toBe("arrived");
    expect(callsOf("redirect").map(({ target }) => target)).toEqual([
      "/redirect/weather/Oslo",
      "/redirect/there",
    ]);
    expect(await remainingOf("redirect", 8)).toBe(8);
  });

  test.each([
    ["broken JSON", answerBytes('{"n": 2')],
    ["an answer that is no JSON at all", answerBytes("<html>")],
    ["a partial answer nobody asked for", answerBytes("{}", {}, 206)],
    ["another 2xx", answerBytes("{}", {}, 201)],
  ])("%s: the old entry stays", async (title, answer) => {
    const id = title.replaceAll(" ", "-").toLowerCase();
    await weather(id);
    await fetchKey(id);
    answers.set(id, answer);
    await service.age(11 * MINUTE);

    const stale = await read(id);
    await settled(id, 2);
    const after = await eventually(
      async () => jsonOf(await readCached(id)),
      ({ meta }) => meta.refresh_state === "failed",
    );

    expect(stale.headers.get("X-UC-Cache")).toBe("STALE");
    expect(after).toMatchObject({ data: { n: 1 }, meta: { stale: true } });
    expect(callsOf(id)).toHaveLength(2);
  });
});

const remainingOf = async (id: string, expected: number) =>
  (
    await eventually(
      async () => jsonOf(await service.request(`/api/v1/rate-limit/${id}`)),
      ({ remaining }) => remaining === expected,
    )
  ).remaining;

describe("an upstream that fails", () => {
  const cases: readonly [
    name: string,
    answer: Answer,
    settings: object,
    expected: { code: string; status: number; calls: number },
  ][] = [
    [
      "500",
      json({ trace: "inner-detail" }, 500),
      {},
      { code: "UPSTREAM_STATUS", status: 502, calls: 3 },
    ],
    ["408", json({}, 408), {}, { code: "UPSTREAM_STATUS", status: 502, calls: 3 }],
    ["503", json({}, 503), {}, { code: "UPSTREAM_STATUS", status: 502, calls: 3 }],
    ["400", json({}, 400), {}, { code: "UPSTREAM_STATUS", status: 502, calls: 1 }],
    ["401", json({}, 401), {}, { code: "UPSTREAM_UNAUTHORIZED", status: 502, calls: 1 }],
    ["403", json({}, 403), {}, { code: "UPSTREAM_UNAUTHORIZED", status: 502, calls: 1 }],
    [
      "reset",
      (request) => request.socket.destroy(),
      {},
      { code: "UPSTREAM_BROKEN", status: 502, calls: 3 },
    ],
    [
      "silence",
      () => {},
      { timeout_ms: 1_000 },
      { code: "UPSTREAM_TIMEOUT", status: 504, calls: 3 },
    ],
    [
      "elsewhere",
      (_, response) => {
        response.writeHead(302, { location: `${otherOrigin.url}/stolen` });
        response.end();
      },
      {},
      { code: "REDIRECT_REFUSED", status: 502, calls: 1 },
    ],
    [
      "circle",
      (request, response) => {
        response.writeHead(307, { location: request.url ?? "" });
        response.end();
      },
      {},
      { code: "REDIRECT_REFUSED", status: 502, calls: 4 },
    ],
    [
      "too-large",
      answerBytes(`"${"x".repeat(100)}"`),
      { max_body_bytes: 100 },
      { code: "BODY_TOO_LARGE", status: 502, calls: 1 },
    ],
    [
      "bomb",
      answerBytes(gzipSync(Buffer.alloc(100_000, 32)), { "content-encoding": "gzip" }),
      { max_body_bytes: 1_000 },
      { code: "BODY_TOO_LARGE", status: 502, calls: 1 },
    ],
    ["no-json", answerBytes("{"), {}, { code: "BODY_INVALID", status: 502, calls: 1 }],
    [
      "no-gzip",
      answerBytes("plain", { "content-encoding": "gzip" }),
      {},
      { code: "BODY_INVALID", status: 502, calls: 1 },
    ],
  ];

  test.concurrent.each(cases)(
    "by %s: an absent key reads the failure, with Retry-After, and is left alone",
    async (name, answer, settings, expected) => {
      const id = `fails-${name}`;
      answers.set(id, answer);
      await weather(id, settings);
      const queued = await read(id);
      await settled(id);

      const response = await read(id);
      const again = await read(id);
      const task = await service.request(queued.headers.get("Location") ?? "");

      const body = await jsonOf(response);
      expect(queued.status).toBe(202);
      expect([response.status, again.status]).toEqual([expected.status, expected.status]);
      expect(body).toMatchObject({
        type: "about:blank",
        status: expected.status,
        code: expected.status === 504 ? "UPSTREAM_TIMEOUT" : "UPSTREAM_FAILED",
        instance: pathOf(id),
        request_id: response.headers.get("X-Request-Id"),
      });
      expect(JSON.stringify(body)).not.toContain("inner-detail");
      expect(Number(response.headers.get("Retry-After"))).toBeWithin(1, 11);
      expect(await jsonOf(task)).toMatchObject({
        state: "failed",
        progress: 1,
        error: { code: expected.code },
      });
      expect(await tasksOf(id)).toHaveLength(1);
      expect(callsOf(id)).toHaveLength(expected.calls);
      expect(otherOrigin.calls).toEqual([]);
    },
    60_000,
  );

  test("a read that fails has the headers of a read", async () => {
    answers.set("fails-headers", json({}, 400));
    await weather("fails-headers", { rate_limit: { per_minute: 10 } });
    await fetchKey("fails-headers");
    await told("fails-headers", 9);

    const response = await read("fails-headers");

    expect(response.status).toBe(502);
    expect(shown(response)).toMatchObject({
      label: "MISS",
      status: expect.stringMatching(/^uni-cache;fwd=/),
      limit: "10",
      remaining: "9",
      policy: '"minute";q=10;w=60',
    });
  });

  test.each([
    [429, { "retry-after": "120" }, 100, 122],
    [503, { "retry-after": "120" }, 100, 122],
    [429, {}, 15, 32],
  ])(
    "a %i with %j is a pause for the whole source",
    async (status, headers, from, to) => {
      const id = `pause-${status}-${from}`;
      await weather(id);
      await fetchKey(id, "/weather/Stored");
      answers.set(id, json({}, status, headers));
      await read(id);
      const budget = await eventually(
        async () => jsonOf(await service.request(`/api/v1/rate-limit/${id}`)),
        ({ cooldown_until }) => cooldown_until !== null,
      );
      await service.age(HOUR);

      // What headers tell of the budget may be a second old, and the task on its way back.
      const absent = await eventually(
        () => read(id),
        ({ headers }) =>
          headers.get("X-RateLimit-Remaining") === "0" &&
          headers.get("Retry-After") !== "1",
      );
      const fallback = await read(id, {}, "/weather/Stored");

      const pause = (Date.parse(budget.cooldown_until) - Date.now()) / 1000;
      expect(pause).toBeWithin(from, to);
      expect(budget).toMatchObject({ remaining: 0, reset_at: budget.cooldown_until });
      expect(absent.status).toBe(202);
      expect(Number(absent.headers.get("Retry-After"))).toBeWithin(from, to);
      expect(absent.headers.get("X-RateLimit-Remaining")).toBe("0");
      expect(fallback.headers.get("X-UC-Cache")).toBe("STALE");
      const task = absent.headers.get("Location") ?? "";
      expect(await jsonOf(await service.request(task))).toMatchObject({
        state: "queued",
      });
      expect(callsOf(id)).toHaveLength(2);
    },
  );

  test("a PATCH of rate_limit ends the pause, and what waited is called", async () => {
    await weather("resumed");
    answers.set("resumed", json({}, 429, { "retry-after": "3600" }));
    await read("resumed");
    await eventually(
      async () => jsonOf(await service.request("/api/v1/rate-limit/resumed")),
      ({ cooldown_until }) => cooldown_until !== null,
    );
    answers.set("resumed", json({ n: 2 }));

    await service.send("PATCH", "/api/v1/sources/resumed", {
      rate_limit: { per_minute: 20 },
    });
    await settled("resumed");

    expect((await jsonOf(await readCached("resumed"))).data).toEqual({ n: 2 });
    expect(callsOf("resumed")).toHaveLength(2);
  });
});

/** Reads until the entry stays in memory: the news that it was replaced arrives a moment late. */
async function heldFor(own: TestService, path: string): Promise<void> {
  let streak = 0;
  await eventually(
    async () => {
      const { entries } = await own.run(
        EntryMemory.use((memory) => Effect.sync(memory.size)),
      );
      await own.request(path);
      streak = entries === 1 ? streak + 1 : 0;
      return streak;
    },
    (times) => times >= 10,
  );
}

describe("while the store is away", () => {
  test("hits go on and spend nothing; what needs the store is 503 within seconds", async () => {
    await using database = await testDatabase();
    await using wire = await cuttable(database);
    await using own = await testService({ address: { url: wire.url } });
    await own.send("POST", "/api/v1/sources", {
      id: "outage",
      base_url: `${upstream.url}/outage`,
      key_template: "/weather/{{city}}",
    });
    const stored = await eventually(
      () => own.request(pathOf("outage")),
      ({ status }) => status === 200,
    );
    await heldFor(own, pathOf("outage"));
    const calls = callsOf("outage").length;
    const tag = stored.headers.get("ETag") ?? "";

    await wire.cut();
    const hits = await Promise.all(
      Array.from({ length: 50 }, () => own.request(pathOf("outage"))),
    );
    const matched = await own.request(pathOf("outage"), {
      headers: { "If-None-Match": tag },
    });
    const since = performance.now();
    const away = await Promise.all([
      own.request(pathOf("outage", "/weather/Paris")),
      own.request("/api/v1/sources"),
      own.request("/api/v1/readyz"),
      own.send("PATCH", "/api/v1/sources/outage", { name: "Lost" }),
    ]);
    const took = performance.now() - since;
    const health = await own.request("/api/v1/healthz");
    await wire.mend();
    const back = await eventually(
      () => own.request("/api/v1/readyz"),
      ({ status }) => status === 200,
    );
    const source = await eventually(
      () => own.request("/api/v1/sources/outage"),
      ({ status }) => status === 200,
    );

    expect(hits.map(({ headers }) => headers.get("X-UC-Cache"))).toEqual(
      Array.from({ length: 50 }, () => "HIT"),
    );
    expect(matched.status).toBe(304);
    expect(callsOf("outage")).toHaveLength(calls);
    expect(away.map(({ status }) => status)).toEqual([503, 503, 503, 503]);
    for (const response of away) {
      const text = await response.text();
      expect(JSON.parse(text)).toMatchObject({ code: "STORE_UNAVAILABLE", status: 503 });
      expect(text).not.toMatch(/select|postgres|ECONN|127\.0\.0\.1|\.ts/i);
      expect(response.headers.get("Retry-After")).toBe("1");
    }
    expect(took).toBeLessThan(10_000);
    expect(health.status).toBe(200);
    expect(back.status).toBe(200);
    expect((await jsonOf(source)).name).toBe("outage");
  }, 60_000);
});
