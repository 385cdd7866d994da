import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { countingUpstream, type CountingUpstream } from "../support/counting-upstream.ts";
import { adminToken, jsonOf, type TestService, testService } from "../support/service.ts";

let service: TestService;
let upstream: CountingUpstream;
let untouched: string;

const SOURCES = "/api/v1/sources";
const SECRET = "hush-hush-4711";

beforeAll(async () => {
  [service, upstream] = await Promise.all([
    testService({ worker: "off" }),
    countingUpstream(),
  ]);
  for (const id of ["weather", "open"]) {
    const created = await service.send("POST", SOURCES, {
      id,
      base_url: upstream.url,
      key_template: id === "open" ? "/{{path*}}" : "/weather/{{city}}",
      default_headers: { Authorization: SECRET },
      default_query: { key: SECRET },
    });
    expect(created.status).toBe(201);
  }
  untouched = await state();
});

afterAll(async () => {
  await service[Symbol.asyncDispose]();
  await upstream[Symbol.asyncDispose]();
});

/** All that a request could have changed. */
async function state(): Promise<string> {
  const list = await service.request(SOURCES);
  const tasks = await service.sql`select id from tasks`;
  return `${await list.text()} ${JSON.stringify(tasks)} ${upstream.calls.length}`;
}

/** Nothing stored, nothing queued, nothing called, nothing crashed. */
afterEach(async () => {
  const [before, after] = [untouched, await state()];
  if (after !== before) {
    // So that one failure stays one.
    await service.request(`${SOURCES}/bad`, { method: "DELETE" });
    untouched = await state();
  }
  expect(after).toBe(before);
  const health = await service.request("/api/v1/healthz");
  expect(await health.text()).toBe('{"status":"ok"}');
});

/** A problem has its one shape, and tells nothing of what is inside. */
async function expectProblem(
  response: Response,
  status: number,
  fields?: readonly string[],
): Promise<void> {
  const text = await response.text();
  expect([response.status, text]).toEqual([status, text]);
  expect(response.headers.get("Content-Type")).toBe("application/json; charset=utf-8");
  expect(response.headers.get("X-Request-Id")).toMatch(/^[\w=-]{1,128}$/);
  const body = JSON.parse(text);
  expect(body).toMatchObject({
    type: "about:blank",
    title: expect.stringMatching(/^[A-Z]/),
    status,
    detail: expect.stringMatching(/\S/),
    instance: expect.stringMatching(/^\//),
    code: expect.stringMatching(/^[A-Z][A-Z_]+$/),
    request_id: response.headers.get("X-Request-Id"),
  });
  if (fields !== undefined) {
    const named = (body.errors ?? []).map(({ field }: { field: string }) => field);
    expect(named).toEqual([...fields]);
  }
  expect(text).not.toContain(SECRET);
  expect(text).not.toMatch(
    /\bat .*:\d+:\d+|node_modules|\/src\/|PostgresError|insert into|select .* from|ZodError/i,
  );
}

type Body = NonNullable<RequestInit["body"]>;

const JSON_TYPE = { "content-type": "application/json" };
const post = (body: Body, headers: Record<string, string> = JSON_TYPE) =>
  service.request(SOURCES, { method: "POST", body, headers });
const patch = (body: Body, headers: Record<string, string> = JSON_TYPE) =>
  service.request(`${SOURCES}/weather`, { method: "PATCH", body, headers });

/** The text of a draft that is valid but for `members`, which come first. */
const draft = (members: string) =>
  `{${members},"id":"bad","base_url":"https://api.example.com","key_template":"/a/{{b}}"}`;
const draftWith = (settings: object) =>
  JSON.stringify({
    id: "bad",
    base_url: "https://api.example.com",
    key_template: "/a/{{b}}",
    ...settings,
  });

describe("a body that can't be read is 400, for POST and PATCH alike", () => {
  test.each([
    ["nothing", ""],
    ["spaces", "  \n"],
    ["text", "hello"],
    ["an open object", '{"id":'],
    ["a comma too many", '{"id":"bad",}'],
    ["single quotes", "{'id':'bad'}"],
    ["NaN", draft('"cache_ttl_s":NaN')],
    ["Infinity", draft('"cache_ttl_s":Infinity')],
    ["hexadecimal", draft('"cache_ttl_s":0x10')],
    ["a leading zero", draft('"cache_ttl_s":010')],
    ["a raw line break in a string", draft('"name":"a\nb"')],
    ["a raw NUL in a string", draft('"name":"a\0b"')],
    ["two values", `${draftWith({})}${draftWith({})}`],
    ["a comment", `/* */${draftWith({})}`],
    ["a form", "id=bad&base_url=https%3A%2F%2Fapi.example.com"],
    ["half a nest", "[".repeat(500_000)],
  ])("%s", async (_, body) => {
    await expectProblem(await post(body), 400, ["body"]);
    await expectProblem(await patch(body), 400, ["body"]);
  });

  test.each([
    ["a stray byte", [0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]],
    ["half a surrogate pair", [0x22, 0xed, 0xa0, 0x80, 0x22]],
    ["an overlong slash", [0x22, 0xc0, 0xaf, 0x22]],
    ["UTF-16", [...Buffer.from("{}", "utf16le")]],
  ])("not UTF-8: %s", async (_, bytes) => {
    await expectProblem(await post(new Uint8Array(bytes)), 400, ["body"]);
    await expectProblem(await patch(new Uint8Array(bytes)), 400, ["body"]);
  });
});

describe("a body of another shape is 422", () => {
  test.each([
    ["an array", "[]"],
    ["an array of drafts", `[${draftWith({})}]`],
    ["null", "null"],
    ["a string", '"bad"'],
    ["a number", "1"],
    ["a deep nest", `${"[".repeat(200_000)}${"]".repeat(200_000)}`],
  ])("%s", async (_, body) => {
    await expectProblem(await post(body), 422, ["body"]);
    await expectProblem(await patch(body), 422, ["body"]);
  });

  test("nothing but required fields are missed in an empty object", async () => {
    await expectProblem(await post("{}"), 422, ["id", "base_url", "key_template"]);
  });

  test("every wrong field is named, not only the first", async () => {
    const body = draftWith({ name: 1, cache_ttl_s: "x", rate_limit: { per_minute: 0 } });

    await expectProblem(await post(body), 422, [
      "name",
      "rate_limit.per_minute",
      "cache_ttl_s",
    ]);
  });
});

/** Settings that are not valid, by the field that an error must name. */
const wrongSettings: readonly [field: string, settings: object][] = [
  ["name", { name: "" }],
  ["name", { name: "x".repeat(201) }],
  ["name", { name: 5 }],
  ["name", { name: ["x"] }],
  ["name", { name: "a\u0000b" }],
  ["base_url", { base_url: 5 }],
  ["base_url", { base_url: `https://api.example.com/${"x".repeat(2_048)}` }],
  ["default_headers", { default_headers: [] }],
  ["default_headers", { default_headers: "Accept: x" }],
  ["default_headers.X-A", { default_headers: { "X-A": 1 } }],
  ["default_headers.X-A", { default_headers: { "X-A": null } }],
  ["default_headers.X-A", { default_headers: { "X-A": ["a"] } }],
  ["default_headers.X-A", { default_headers: { "X-A": "a\r\nX-Injected: 1" } }],
  ["default_headers.X-A", { default_headers: { "X-A": "a\nb" } }],
  ["default_headers.X-A", { default_headers: { "X-A": "a\u0000" } }],
  ["default_headers.X-A", { default_headers: { "X-A": "grün" } }],
  ["default_headers.X-A\r\nHost", { default_headers: { "X-A\r\nHost": "a" } }],
  ["default_headers.X A", { default_headers: { "X A": "a" } }],
  ["default_headers.X:", { default_headers: { "X:": "a" } }],
  ["default_headers.", { default_headers: { "": "a" } }],
  ["default_headers.x-a", { default_headers: { "X-A": "a", "x-a": "b" } }],
  ["default_headers.Host", { default_headers: { Host: "evil.example" } }],
  ["default_headers.hOST", { default_headers: { hOST: "evil.example" } }],
  ["default_headers.Connection", { default_headers: { Connection: "close" } }],
  ["default_headers.Keep-Alive", { default_headers: { "Keep-Alive": "1" } }],
  ["default_headers.TE", { default_headers: { TE: "trailers" } }],
  ["default_headers.Trailer", { default_headers: { Trailer: "x" } }],
  ["default_headers.Upgrade", { default_headers: { Upgrade: "h2c" } }],
  [
    "default_headers.Proxy-Authorization",
    { default_headers: { "Proxy-Authorization": "x" } },
  ],
  [
    "default_headers.Transfer-Encoding",
    { default_headers: { "Transfer-Encoding": "x" } },
  ],
  ["default_headers.Content-Length", { default_headers: { "Content-Length": "5" } }],
  ["default_query", { default_query: ["q"] }],
  ["default_query.q", { default_query: { q: 1 } }],
  ["default_query", { default_query: { q: "half \ud800" } }],
  ["rate_limit", { rate_limit: 5 }],
  ["rate_limit", { rate_limit: [5] }],
  ["rate_limit.per_minute", { rate_limit: {} }],
  ["rate_limit.per_minute", { rate_limit: { per_minute: 0 } }],
  ["rate_limit.per_minute", { rate_limit: { per_minute: -1 } }],
  ["rate_limit.per_minute", { rate_limit: { per_minute: 1.5 } }],
  ["rate_limit.per_minute", { rate_limit: { per_minute: "5" } }],
  ["rate_limit.burst", { rate_limit: { per_minute: 5, burst: 0 } }],
  ["rate_limit.burst", { rate_limit: { per_minute: 5, burst: 6 } }],
  ["rate_limit.per_hour", { rate_limit: { per_minute: 5, per_hour: 0 } }],
  ["rate_limit.per_week", { rate_limit: { per_minute: 5, per_week: 5 } }],
  ["cache_ttl_s", { cache_ttl_s: -1 }],
  ["cache_ttl_s", { cache_ttl_s: 31_536_001 }],
  ["cache_ttl_s", { cache_ttl_s: 1.5 }],
  ["cache_ttl_s", { cache_ttl_s: "600" }],
  ["cache_ttl_s", { cache_ttl_s: true }],
  ["cache_ttl_s", { cache_ttl_s: 9_007_199_254_740_991 }],
  ["stale_while_revalidate_s", { stale_while_revalidate_s: -1 }],
  ["stale_if_error_s", { stale_if_error_s: -1 }],
  ["negative_ttl_s", { negative_ttl_s: -1 }],
  ["key_template", { key_template: "" }],
  ["key_template", { key_template: "/{{a" }],
  ["key_template", { key_template: "/a}}" }],
  ["key_template", { key_template: "/{{1a}}" }],
  ["key_template", { key_template: "/{{a}}/{{a}}" }],
  ["key_template", { key_template: "/{{a}}-{{b}}" }],
  ["key_template", { key_template: "/{{a*}}/b" }],
  ["key_template", { key_template: "/../{{a}}" }],
  ["key_template", { key_template: "/%2e%2E/{{a}}" }],
  ["key_template", { key_template: "/%zz/{{a}}" }],
  ["key_template", { key_template: "/a\u0000" }],
  ["key_template", { key_template: "/a?{{b}}=1" }],
  ["key_template", { key_template: `/${"a".repeat(2_048)}` }],
  ["key_case", { key_case: "upper" }],
  ["timeout_ms", { timeout_ms: 99 }],
  ["timeout_ms", { timeout_ms: 60_001 }],
  ["max_body_bytes", { max_body_bytes: 33_554_433 }],
  ["not_modified_is_free", { not_modified_is_free: "true" }],
  ["max_queue", { max_queue: -1 }],
  ["refresh", { refresh: "always" }],
  ["secret", { secret: "x" }],
  ["epoch", { epoch: 1 }],
  ["constructor", { constructor: 1 }],
];

describe("settings that are not valid are 422 with their field", () => {
  test.each(wrongSettings)("%s: %j", async (field, settings) => {
    await expectProblem(await post(draftWith(settings)), 422, [field]);
    await expectProblem(await patch(JSON.stringify(settings)), 422, [field]);
  });

  test.each([
    ["", "id"],
    ["actions", "id"],
    ["classification", "id"],
    ["stats", "id"],
    ["Weather", "id"],
    ["-a", "id"],
    [".", "id"],
    ["..", "id"],
    ["a/b", "id"],
    ["a%2Fb", "id"],
    ["weather\n", "id"],
    ["a\u0000", "id"],
    ["ä", "id"],
    ["a".repeat(65), "id"],
  ])("id %j", async (id, field) => {
    await expectProblem(await post(draftWith({ id })), 422, [field]);
  });

  test.each([[5], [null], [["a"]], [{}]])("id %j, which is no string", async (id) => {
    await expectProblem(await post(draftWith({ id })), 422, ["id"]);
  });

  test("a taken id is 409", async () => {
    await expectProblem(await post(draftWith({ id: "weather" })), 409, []);
  });

  test.each([
    ['"cache_ttl_s":1e400', "cache_ttl_s"],
    ['"cache_ttl_s":-1e400', "cache_ttl_s"],
    ['"rate_limit":{"per_minute":1e400}', "rate_limit.per_minute"],
    ['"rate_limit":{"per_minute":-0}', "rate_limit.per_minute"],
    ['"__proto__":{"name":"x"}', "__proto__"],
    ['"rate_limit":{"per_minute":5,"__proto__":1}', "rate_limit.__proto__"],
    ['"default_headers":{"__proto__":"x"}', "default_headers.__proto__"],
    ['"default_query":{"__proto__":"x"}', "default_query.__proto__"],
    [`"name":${"[".repeat(100_000)}${"]".repeat(100_000)}`, "name"],
    [
      `"default_query":{"a":${'{"a":'.repeat(50_000)}1${"}".repeat(50_000)}}`,
      "default_query.a",
    ],
    ['"name":"one","name":2', "name"],
  ])("as JSON is written: %s", async (members, field) => {
    await expectProblem(await post(draft(members)), 422, [field]);
  });

  test("10,000 wrong headers, without an answer out of all proportion", async () => {
    const headers = Object.fromEntries(
      Array.from({ length: 10_000 }, (_, n) => [`x ${n}`, "v"]),
    );
    const body = draftWith({ default_headers: headers });

    const response = await post(body);

    expect(response.status).toBe(422);
    expect((await response.text()).length).toBeLessThan(10 * body.length);
  });
});

describe("default_query", () => {
  test("with a NUL is refused, as everywhere", async () => {
    const response = await post(draftWith({ default_query: { q: "a\u0000b" } }));

    expect(response.status).toBeOneOf([400, 422]);
    await expectProblem(response, response.status);
  });
});

describe("base_url must be public http(s), by whatever spelling", () => {
  test.each([
    "javascript:alert(1)",
    "ftp://api.example.com",
    "file:///etc/passwd",
    "data:text/plain,x",
    "//api.example.com",
    "api.example.com",
    "https:api.example.com",
    "https:///api.example.com",
    "https://",
    "",
    "https://user@api.example.com",
    "https://user:hush-hush-4711@api.example.com",
    "https://@api.example.com",
    "https://api.example.com?q=1",
    "https://api.example.com?",
    "https://api.example.com#x",
    "https://api.example.com/a/../b",
    "https://api.example.com/%2e%2E/b",
    "https://api.example.com/..\\b",
    "https://api.example.com/..;/b",
    "https://api.example.com//b",
    "https://api.example.com/%zz",
    "https://api.example.com\\@evil.example",
    " https://api.example.com",
    "https://api.example.com\n",
    "https://api.exa\tmple.com",
    "https://api.example.com/\u0000",
    "https://api.example.com:65536",
    "https://a%00b.example",
    "https://[::1",
    "http://10.0.0.1",
    "http://10.1",
    "http://167772161",
    "http://0xA000001",
    "http://0x0a.0.0.1",
    "http://012.0.0.1",
    "http://10.0.0.1.",
    "http://%31%30.0.0.1",
    "http://１０.0.0.1",
    "http://10。0。0。1",
    "http://①0.0.0.1",
    "http://172.16.0.1",
    "http://192.168.1.1",
    "http://100.64.0.1",
    "http://169.254.169.254",
    "http://169.254.169.254.",
    "http://2852039166",
    "http://0xa9fea9fe",
    "http://0251.0376.0251.0376",
    "http://[::ffff:169.254.169.254]",
    "http://0.0.0.0",
    "http://0",
    "http://255.255.255.255",
    "http://224.0.0.1",
    "http://[::1]",
    "http://[0:0:0:0:0:0:0:1]",
    "http://[::]",
    "http://[::10.0.0.1]",
    "http://[::ffff:10.0.0.1]",
    "http://[::ffff:a00:1]",
    "http://[64:ff9b::10.0.0.1]",
    "http://[2002:a00:1::]",
    "http://[fe80::1]",
    "http://[fd00::1]",
    "http://[fec0::1]",
    "http://[ff02::1]",
  ])("%j is refused", async (base_url) => {
    await expectProblem(await post(draftWith({ base_url })), 422, ["base_url"]);
    await expectProblem(await patch(JSON.stringify({ base_url })), 422);
  });
});

describe("a key that is none", () => {
  const readKey = (raw: string, source = "open") =>
    service.request(`/api/v1/cache/${source}/${raw}`);

  test.each([
    ["a dot segment", "%2F.."],
    ["one before a path", "..%2Fadmin"],
    ["one inside", "%2Fa%2F..%2Fb"],
    ["a single dot", "%2Fa%2F.%2Fb"],
    ["escaped dots", "%2F%252e%252E%2Fb"],
    ["half escaped dots", "%2F.%252e%2Fb"],
    ["dots behind an escaped slash", "%2Fa%252F..%252Fb"],
    ["dots before a backslash", "%2F..%5Cb"],
    ["dots behind a backslash", "%2Fa%5C.."],
    ["dots before an escaped backslash", "%2F..%255Cb"],
    ["dots with a path parameter", "%2F..%3Ba%2Fb"],
    ["dots around a tab", "%2F.%09.%2Fb"],
    ["dots around an escaped tab", "%2F.%2509.%2Fb"],
    ["dots around a line break", "%2F.%0A.%2Fb"],
    ["NUL", "%2Fa%00b"],
    ["an escaped NUL", "%2Fa%2500b"],
    ["a line break", "%2Fa%0D%0AX-Injected:1"],
    ["DEL", "%2Fa%7F"],
    ["a C1 control", "%2Fa%C2%85b"],
    ["a NUL in the query", "%2Fa%3Fq%3D%2500"],
    ["a broken escape", "%2Fa%ZZ"],
    ["half an escape", "%2Fa%2"],
    ["a lone percent", "%"],
    ["half a character", "%2Fa%E0%A4"],
    ["half a surrogate pair", "%2Fa%ED%A0%80"],
    ["an overlong slash", "%2Fa%C0%AF"],
    ["a broken escape within", "%2Fa%25ZZ"],
    ["half a character within", "%2Fa%25E0%25A4"],
    ["a broken escape in the query", "%2Fa%3Fq%3D%25ZZ"],
  ])("%s is 400", async (_, raw) => {
    await expectProblem(await readKey(raw), 400, ["key"]);
  });

  test.each([
    ["another path", "%2Fother%2FOslo"],
    ["a segment too many", "%2Fweather%2FOslo%2Fb"],
    ["a segment too few", "%2Fweather"],
    ["an empty value", "%2Fweather%2F"],
    ["a host in place of a path", "%2F%2Fevil.example%2FOslo"],
    ["a URL", "https%3A%2F%2Fevil.example%2FOslo"],
    ["a query that the template has not", "%2Fweather%2FOslo%3Fadmin%3D1"],
    ["the literal in another case", "%2FWeather%2FOslo"],
    ["nothing but spaces", "%20"],
    ["3 kB", `%2Fweather%2F${"a".repeat(3_000)}`],
    ["2,049 bytes", `%2Fweather%2F${"a".repeat(2_040)}`],
    ["700 characters of 3 bytes", `%2Fweather%2F${"%E2%82%AC".repeat(700)}`],
  ])("%s is 422", async (_, raw) => {
    await expectProblem(await readKey(raw, "weather"), 422, ["key"]);
  });

  test("a host, in a source that admits any path, stays a path", async () => {
    const response = await service.request("/api/v1/cache/open/%2F%2Fevil.example%2Fa", {
      headers: { "X-UC-Cache-Only": "1" },
    });

    const body = await jsonOf(response);
    expect(response.status).toBe(404);
    expect(body.detail).toBe('Cannot find key "/evil.example/a" in source "open"');
  });

  test("2,048 bytes are a key", async () => {
    const response = await service.request(
      `/api/v1/cache/weather/%2Fweather%2F${"a".repeat(2_039)}`,
      { headers: { "X-UC-Cache-Only": "1" } },
    );

    expect(response.status).toBe(404);
  });
});

describe("an id in the path that is none", () => {
  const places: readonly [string, string][] = [
    ["GET", "/api/v1/sources/{}"],
    ["PATCH", "/api/v1/sources/{}"],
    ["DELETE", "/api/v1/sources/{}"],
    ["GET", "/api/v1/rate-limit/{}"],
    ["GET", "/api/v1/cache/{}/%2Fa"],
    ["GET", "/api/v1/tasks/{}"],
    ["GET", "/api/v1/tasks/status/{}"],
  ];
  const ask = (method: string, path: string) =>
    service.request(path, {
      method,
      ...(method === "PATCH" ? { body: '{"name":"x"}', headers: JSON_TYPE } : {}),
    });

  test.each(places)(
    "%s %s: NUL, a broken escape, half a character are 400",
    async (method, place) => {
      for (const id of ["%00", "weather%00", "%ZZ", "%E0%A4", "%"]) {
        await expectProblem(await ask(method, place.replace("{}", id)), 400);
      }
    },
  );

  test.each(places)("%s %s: what can't be an id is 404", async (method, place) => {
    for (const id of ["..%2Fweather", "WEATHER", "weather%20", "%F0%9F%98%80", "'--"]) {
      await expectProblem(await ask(method, place.replace("{}", id)), 404);
    }
  });
});

describe("headers", () => {
  const path = "/api/v1/cache/weather/%2Fweather%2FOslo";

  test.each(["maybe", "", "TRUE", "yes", "2", "true, false", "1, 1", "null"])(
    "X-UC-Cache-Only: %j is 400",
    async (flag) => {
      const response = await service.request(path, {
        headers: { "X-UC-Cache-Only": flag },
      });

      await expectProblem(response, 400, ["X-UC-Cache-Only"]);
    },
  );

  test.each([
    ["none at all", undefined],
    ["text/plain", "text/plain"],
    ["a form", "application/x-www-form-urlencoded"],
    ["multipart", "multipart/form-data; boundary=x"],
    ["almost JSON", "application/jsonp"],
    ["JSON as a parameter", "text/plain; a=application/json"],
    ["a list", "text/plain, application/json"],
  ])("a body under %s is 415", async (_, type) => {
    const headers: Record<string, string> =
      type === undefined ? {} : { "content-type": type };
    const body = new TextEncoder().encode(draftWith({}));

    await expectProblem(await post(body, headers), 415);
    await expectProblem(await patch(body, headers), 415);
  });

  test.each([
    "application/json",
    "APPLICATION/JSON",
    "application/json;charset=utf-8",
    "application/json; charset=UTF-8",
    'application/json; charset="utf-8"',
    "application/json ; charset=utf-8",
    "application/json;",
    "application/merge-patch+json",
    "application/vnd.api2+json",
  ])("a body under %j is read", async (type) => {
    const wrong = await post(draftWith({ name: 5 }), { "content-type": type });
    const empty = await post("", { "content-type": type });

    await expectProblem(wrong, 422, ["name"]);
    await expectProblem(empty, 400, ["body"]);
  });

  test.each([
    ["of 10 MiB", 10 * 1024 * 1024],
    ["one byte above 1 MiB", 1024 * 1024 + 1],
  ])("a body %s is 413", async (_, size) => {
    const body = " ".repeat(size);

    await expectProblem(await post(body), 413);
    await expectProblem(await patch(body), 413);
  });

  test("a body of exactly 1 MiB is read", async () => {
    await expectProblem(await post(" ".repeat(1024 * 1024)), 400, ["body"]);
  });

  test("a body without a length is measured as it comes", async () => {
    const piece = new TextEncoder().encode(" ".repeat(256 * 1024));
    const stream = new ReadableStream<Uint8Array>({
      start(controller) {
        for (let n = 0; n < 5; n++) controller.enqueue(piece);
        controller.close();
      },
    });

    await expectProblem(await post(stream), 413);
  });

  test("an If-None-Match beyond reason is 400", async () => {
    const response = await service.request(path, {
      headers: { "If-None-Match": '"x", '.repeat(4_000) },
    });

    await expectProblem(response, 400, ["If-None-Match"]);
  });
});

describe("credentials", () => {
  const path = "/api/v1/sources";
  const ask = (headers: Record<string, string>) => service.request(path, { headers });

  test.each([
    [{ authorization: "Bearer wrong" }],
    [{ authorization: "Bearer " }],
    [{ authorization: "Bearer" }],
    [{ authorization: adminToken }],
    [{ authorization: `Basic ${btoa(`admin:${adminToken}`)}` }],
    [{ authorization: `Bearer ${adminToken} ${adminToken}` }],
    [{ authorization: `Bearer ${adminToken},` }],
    [{ authorization: `Bearer ${adminToken.toUpperCase()}` }],
    [{ "x-api-key": "wrong" }],
    [{ "x-api-key": "" }],
    [{ "x-api-key": `${adminToken}, ${adminToken}` }],
    [{ "x-api-key": `Bearer ${adminToken}` }],
  ])("%j is 401 and says how to do it", async (headers: Record<string, string>) => {
    const response = await ask(headers);

    expect(response.headers.get("WWW-Authenticate")).toStartWith("Bearer");
    await expectProblem(response, 401);
  });

  test.each([
    [{ authorization: `bearer ${adminToken}` }],
    [{ authorization: `BEARER  ${adminToken}` }],
    [{ "x-api-key": adminToken }],
    [{ authorization: `Bearer ${adminToken}`, "x-api-key": adminToken }],
  ])("%j is let through", async (headers: Record<string, string>) => {
    expect((await ask(headers)).status).toBe(200);
  });

  test.each([
    [{ authorization: `Bearer ${adminToken}`, "x-api-key": "other" }],
    [{ authorization: "Bearer other", "x-api-key": adminToken }],
    [{ authorization: "Bearer one", "x-api-key": "two" }],
  ])("%j is 400: they contradict", async (headers: Record<string, string>) => {
    const response = await ask(headers);
    const text = await response.clone().text();

    expect(text).not.toContain(adminToken);
    await expectProblem(response, 400, ["X-API-Key"]);
  });

  test("a body is not looked at before the caller is known", async () => {
    const headers = { ...JSON_TYPE, authorization: "Bearer wrong" };

    await expectProblem(await post("{", headers), 401);
    await expectProblem(await post(" ".repeat(2 * 1024 * 1024), headers), 401);
  });
});

describe("routes that are none", () => {
  test.each([
    ["GET", "/nope"],
    ["GET", "/api/v1"],
    ["GET", "/api/v1/sources/"],
    ["GET", "/api/v1/cache/weather"],
    ["GET", "/api/v1/cache/weather/"],
    ["GET", "/api/v1/cache/weather/a/b/c"],
    ["PUT", "/api/v1/sources"],
    ["POST", "/api/v1/sources/weather"],
    ["DELETE", "/api/v1/sources"],
    ["TRACE", "/api/v1/sources"],
    ["OPTIONS", "/api/v1/sources"],
    ["GET", "/api/v1/sources/weather/%2e%2e/weather"],
    ["GET", "/%00"],
    ["GET", "/.env"],
  ])("%s %s: 401 without a token, 404 with the admin's", async (method, path) => {
    const stranger = await service.request(path, {
      method,
      headers: { authorization: "Bearer wrong" },
    });
    const admin = await service.request(path, { method });

    await expectProblem(stranger, 401);
    if (path.includes("..") || path.includes("%2e")) return;
    await expectProblem(admin, 404);
  });

  test("the query of a request is not repeated in a problem", async () => {
    const response = await service.request(`/nope?token=${SECRET}`);

    await expectProblem(response, 404);
  });
});

describe("X-Request-Id", () => {
  const idOf = async (given?: string) => {
    const headers: Record<string, string> =
      given === undefined ? {} : { "x-request-id": given };
    const response = await service.request("/nope", { headers });
    const shown = response.headers.get("X-Request-Id");
    expect((await jsonOf(response)).request_id).toBe(shown);
    return shown;
  };

  test.each(["abc-DEF_1=", "0", "x".repeat(128)])(
    "a sane one comes back: %s",
    async (id) => {
      expect(await idOf(id)).toBe(id);
    },
  );

  test.each([
    ["too long", "x".repeat(129)],
    ["a space", "a b"],
    ["markup", "<script>"],
    ["a quote", 'a"b'],
    ["a list", "a,b"],
    ["beyond ASCII", "é"],
    ["empty", ""],
  ])("an insane one is replaced: %s", async (_, id) => {
    expect(await idOf(id)).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  });

  test("is on answers of every kind, and another one each time", async () => {
    const paths = ["/api/v1/healthz", "/openapi.json", "/docs", SOURCES, "/nope"];
    const answers = await Promise.all(paths.map((path) => service.request(path)));

    const ids = answers.map(({ headers }) => headers.get("X-Request-Id"));
    expect(ids).not.toContain(null);
    expect(new Set(ids).size).toBe(paths.length);
  });
});

describe("Accept", () => {
  test.each([
    ["application/problem+json", "application/problem+json"],
    ["application/problem+json;q=0.9, */*", "application/problem+json"],
    ["application/json", "application/json; charset=utf-8"],
    ["*/*", "application/json; charset=utf-8"],
    ["text/html", "application/json; charset=utf-8"],
    ["application/problem+json;q=0", "application/json; charset=utf-8"],
    ["nonsense;;;q=x", "application/json; charset=utf-8"],
  ])("%s: an error is %s", async (accept, type) => {
    for (const path of ["/nope", `${SOURCES}/unknown`]) {
      const response = await service.request(path, { headers: { accept } });

      expect(response.status).toBe(404);
      expect(response.headers.get("Content-Type")).toBe(type);
      expect((await jsonOf(response)).status).toBe(404);
    }
  });
});
