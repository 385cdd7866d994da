import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Effect } from "effect";
import { ChangeBus } from "../../src/services/change-bus.ts";
import { ProxyDirectory } from "../../src/services/api-proxy/proxy-directory.ts";
import { eventually, jsonOf, type TestService, testService } from "../support/service.ts";
import {
  ENDPOINT_CACHE,
  ENDPOINTS,
  makeGateway,
  makeProxy,
  MANAGES,
  PROJECTS,
  PROXIES,
  PROXY,
  PROXY_CACHE,
  tokenOf,
} from "./gateways.ts";
import { makeSource } from "./stored-entries.ts";

/** Two processes on one database. */
let service: TestService;
let other: TestService;

beforeAll(async () => {
  service = await testService({ worker: "off" });
  other = await testService({ worker: "off", address: service.address });
  await makeGateway(service);
  await makeSource(service, "news");
});
afterAll(async () => {
  await other[Symbol.asyncDispose]();
  await service[Symbol.asyncDispose]();
});

const INSTANT = expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/);
const users = { name: "/api/users", httpMethod: "GET" };

/** Status and body. */
async function answered(answer: Response | Promise<Response>) {
  const response = await answer;
  return [response.status, await jsonOf(response)];
}

const refused = (status: number, error: string, error_description: unknown) => [
  status,
  { error, error_description },
];
const badRequest = (description: unknown) => refused(400, "bad_request", description);

const remove = (path: string) => service.request(path, { method: "DELETE" });
const list = async (path: string) => jsonOf(await service.request(path));
const send = (method: string, path: string, body: unknown, headers: object) =>
  service.request(path, {
    method,
    body: JSON.stringify(body),
    headers: { "content-type": "application/json", ...headers },
  });

/** What a process knows of a proxy, by its memory alone. */
const known = (at: TestService, name: string) =>
  at.run(Effect.map(ProxyDirectory, (directory) => directory.find("MyProject", name)));

/** Of the proxy, with which keys there are in the store. */
async function storeKeys(proxyName: string, keys: readonly string[]): Promise<string> {
  const [row] = await service.sql<{ id: number }[]>`
    select id::int from api_proxies where name = ${proxyName}`;
  const space = `g${row?.id}`;
  for (const key of keys) {
    await service.sql`
      insert into entries (space, key, key_hash, status, headers, encoding, body, etag,
        params, stored_at, fresh_until, stale_until, fallback_until, request_at, response_at)
      values (${space}, ${key}, sha256(convert_to(${space + key}, 'UTF8')), 200, '[]',
        'base64', '', '', '{}', 0, 9e15, 9e15, 9e15, 0, 0)`;
  }
  return space;
}

async function keysIn(space: string): Promise<readonly string[]> {
  const rows = await service.sql<{ key: string }[]>`
    select key from entries where space = ${space} order by key`;
  return rows.map(({ key }) => key);
}

const endpointId = async (name: string) => {
  const [row] = await service.sql<{ id: number }[]>`
    select id::int from endpoints where name = ${name} order by id desc limit 1`;
  return row?.id;
};

describe("projects", () => {
  test("are made, listed by name and deleted", async () => {
    const made = await service.send("POST", PROJECTS, {
      name: "A project",
      description: "for tests",
    });

    const project = { name: "A project", description: "for tests", createdAt: INSTANT };
    expect(made.headers.get("Location")).toBe(`${PROJECTS}A%20project/`);
    expect(await answered(made)).toEqual([201, { success: true, result: project }]);
    const { resultList, resultCount } = await list(PROJECTS);
    expect(resultList.map(({ name }: { name: string }) => name)).toEqual([
      "A project",
      "MyProject",
    ]);
    expect(resultCount).toBe(2);
    expect(await answered(remove(`${PROJECTS}A%20project/`))).toEqual([
      200,
      { success: true },
    ]);
    expect(await answered(remove(`${PROJECTS}A%20project/`))).toEqual(
      refused(404, "not_found", "Project (name: A project) was not found!"),
    );
  });

  test("of a name that is taken are not made, and one of another case is", async () => {
    const taken = service.send("POST", PROJECTS, { name: "MyProject" });
    expect(await answered(taken)).toEqual(
      refused(409, "conflict", "Project (name: MyProject) already exists!"),
    );
    expect((await service.send("POST", PROJECTS, { name: "myproject" })).status).toBe(
      201,
    );
    expect((await remove(`${PROJECTS}myproject`)).status).toBe(200);
  });

  test("with API proxies are not deleted", async () => {
    expect(await answered(remove(`${PROJECTS}MyProject/`))).toEqual(
      refused(409, "conflict", "Project (name: MyProject) still has API proxies!"),
    );
  });

  test.each([
    [{}, "name is required"],
    [{ name: 7 }, "name must be a text"],
    [{ name: "a/b" }, "name must not have / or \\"],
    [{ name: "x".repeat(101) }, "name must have 1 to 100 characters"],
    [{ name: "a", description: 7 }, "description must be a text"],
    [{ name: "a", csrf_token: "x" }, "csrf_token is not a known field"],
  ])("are refused as %j", async (body, description) => {
    expect(await answered(service.send("POST", PROJECTS, body))).toEqual(
      badRequest(description),
    );
  });

  test("are listed to a token as far as it manages them, and made by admins alone", async () => {
    const headers = await tokenOf(service, {
      projects: [...MANAGES, { ...MANAGES[0], name: "Later" }],
    });

    const listed = await service.request(PROJECTS, { headers });

    const { resultList } = await jsonOf(listed);
    expect(resultList.map(({ name }: { name: string }) => name)).toEqual(["MyProject"]);
    for (const response of [
      await send("POST", PROJECTS, { name: "Later" }, headers),
      await service.request(`${PROJECTS}MyProject/`, { method: "DELETE", headers }),
      await service.request(PROJECTS, { headers: await tokenOf(service, {}) }),
    ]) {
      expect([response.status, (await jsonOf(response)).error]).toEqual([
        403,
        "forbidden",
      ]);
    }
  });
});

describe("API proxies", () => {
  test("are made over a source, read, listed, changed and deleted", async () => {
    const path = `${PROXIES}A%20proxy/`;
    const made = await service.send("POST", PROXIES, {
      apiProxyName: "A proxy",
      sourceId: "weather",
    });

    const result = {
      apiProxyName: "A proxy",
      description: null,
      sourceId: "weather",
      access: "TOKEN",
      apiProxyCreationType: "REVERSE_PROXY",
      createdAt: INSTANT,
      updatedAt: INSTANT,
    };
    expect(made.headers.get("Location")).toBe(path);
    expect(await answered(made)).toEqual([201, { success: true, result }]);
    expect(await list(path)).toEqual({ success: true, result });
    expect(await list(PROXIES)).toMatchObject({
      resultList: [{ apiProxyName: "A proxy" }, { apiProxyName: "MyAPI" }],
      resultCount: 2,
    });

    const change = {
      apiProxyName: "Another",
      description: "x",
      sourceId: "news",
      access: "PUBLIC",
    };
    const changed = await answered(service.send("PATCH", path, change));
    expect(changed).toEqual([200, { success: true, result: { ...result, ...change } }]);
    expect(await known(service, "A proxy")).toBeUndefined();
    const taken = service.send("PATCH", `${PROXIES}Another/`, { apiProxyName: "MyAPI" });
    expect(await answered(taken)).toEqual(
      refused(409, "conflict", "ApiProxy (name: MyAPI) already exists!"),
    );
    const described = await answered(
      service.send("PATCH", `${PROXIES}Another`, { description: null }),
    );
    expect(described).toMatchObject([
      200,
      { result: { description: null, access: "PUBLIC" } },
    ]);

    expect(await answered(remove(`${PROXIES}Another/`))).toEqual([
      200,
      { success: true },
    ]);
    expect(await answered(service.request(`${PROXIES}Another/`))).toEqual(
      refused(404, "not_found", "ApiProxy (name: Another) was not found!"),
    );
  });

  test.each([
    [
      { apiProxyName: "MyAPI" },
      refused(409, "conflict", "ApiProxy (name: MyAPI) already exists!"),
    ],
    [{ sourceId: "nowhere" }, refused(404, "not_found", 'Cannot find source "nowhere"')],
    [{ sourceId: undefined }, badRequest("sourceId is required")],
    [{ apiProxyName: ".." }, badRequest("apiProxyName must not be . or ..")],
    [{ access: "ALL" }, badRequest("access must be one of PUBLIC, TOKEN")],
    [
      { apiProxyCreationType: "WSDL" },
      badRequest("apiProxyCreationType must be one of REVERSE_PROXY, OPEN_API"),
    ],
    [{ apiProxyCreationType: "OPEN_API" }, badRequest("spec is required")],
    [{ spec: {} }, badRequest("spec needs apiProxyCreationType OPEN_API")],
    [{ name: "x" }, badRequest("name is not a known field")],
  ])("are refused as %j", async (change, answer) => {
    const draft = { apiProxyName: "refused", sourceId: "weather", ...change };

    expect(await answered(service.send("POST", PROXIES, draft))).toEqual(answer);
    const rows = await service.sql`select 1 from api_proxies where name = 'refused'`;
    expect(rows.count).toBe(0);
  });

  test("are not made in a project that there is not", async () => {
    const draft = { apiProxyName: "a", sourceId: "weather" };
    const path = PROXIES.replace("MyProject", "Nothing");

    for (const answer of [service.send("POST", path, draft), service.request(path)]) {
      expect(await answered(answer)).toEqual(
        refused(404, "not_found", "Project (name: Nothing) was not found!"),
      );
    }
  });

  test.each<[string, object, number]>([
    ["MANAGE alone", { projects: MANAGES }, 403],
    ["MANAGE and the source", { projects: MANAGES, sources: ["weather"] }, 201],
    ["MANAGE and another source", { projects: MANAGES, sources: ["news"] }, 404],
  ])("get a source from a token with %s: %p → %d", async (name, fields, status) => {
    const headers = await tokenOf(service, fields);
    const draft = { apiProxyName: name, sourceId: "weather" };

    expect((await send("POST", PROXIES, draft, headers)).status).toBe(status);

    const body = { sourceId: "weather" };
    const changed = await send("PATCH", PROXY, body, headers);
    expect(changed.status).toBe(status === 201 ? 200 : status);
    await remove(`${PROXIES}${encodeURIComponent(name)}/`);
  });

  test("give up what they stored, when they get another source or are deleted", async () => {
    await makeProxy(service, "Moving");
    const space = await storeKeys("Moving", ["p a", "e1 a"]);
    const path = `${PROXIES}Moving/`;

    await service.send("PATCH", path, { access: "PUBLIC", sourceId: "weather" });
    expect(await keysIn(space)).toEqual(["e1 a", "p a"]);
    await service.send("PATCH", path, { sourceId: "news" });
    expect(await keysIn(space)).toEqual([]);

    await remove(path);
    const [abandoned] = await service.sql`
      select 1 from abandoned_spaces where space = ${space}`;
    const [purged] = await service.sql`
      select 1 from changes where kind = 'Purged' and change->'selection'->>'space' = ${space}
        and change->'selection'->>'_tag' = 'Space'`;
    expect([abandoned, purged]).not.toContain(undefined);
  });
});

describe("a source", () => {
  test("is not deleted while an API proxy is over it", async () => {
    await makeSource(service, "used");
    await makeProxy(service, "User", { sourceId: "used" });

    const response = await remove("/api/v1/sources/used");

    expect(response.status).toBe(409);
    expect(await jsonOf(response)).toMatchObject({
      code: "SOURCE_IN_USE",
      detail:
        'Cannot delete source "used": it is the upstream of API proxy MyProject/User',
    });
    await remove(`${PROXIES}User/`);
    expect((await remove("/api/v1/sources/used")).status).toBe(204);
  });

  test("that moves takes away what its API proxies stored", async () => {
    await makeSource(service, "moving");
    await makeProxy(service, "Over", { sourceId: "moving" });
    const space = await storeKeys("Over", ["p a", "e1 a"]);
    const path = "/api/v1/sources/moving";

    await service.send("PATCH", path, { cache_ttl_s: 5 });
    expect(await keysIn(space)).toHaveLength(2);
    const moved = await service.send("PATCH", path, {
      base_url: "http://127.0.0.1:2/v2",
    });

    expect(moved.status).toBe(200);
    expect(await keysIn(space)).toEqual([]);
    await remove(`${PROXIES}Over/`);
  });
});

describe("a source and an API proxy", () => {
  test("can be changed at the same moment, in any order", async () => {
    await makeSource(service, "both");
    await makeProxy(service, "Both", { sourceId: "both" });
    for (let round = 0; round < 10; round += 1) {
      await storeKeys("Both", [`p ${round}`]);
      const base_url = `http://127.0.0.1:2/v${round}`;
      const answers = await Promise.all([
        service.send("PATCH", `${PROXIES}Both/`, { sourceId: "weather" }),
        service.send("PATCH", "/api/v1/sources/both", { base_url }),
        service.send("PATCH", "/api/v1/sources/weather", { base_url }),
      ]);
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
      await service.send("PATCH", `${PROXIES}Both/`, { sourceId: "both" });
    }
    await remove(`${PROXIES}Both/`);
  }, 60_000);
});

describe("endpoints", () => {
  const make = (body: object) => service.send("POST", ENDPOINTS, body);

  test("are made, listed, changed, switched and deleted", async () => {
    const made = await make({ name: "/a/{x}", httpMethod: "POST" });

    const result = {
      name: "/a/{x}",
      httpMethod: "POST",
      backendResourceUrl: "/a/{x}",
      backendHttpMethod: "POST",
      active: true,
    };
    expect(await answered(made)).toEqual([201, { success: true, result }]);
    const { resultList, resultCount } = await list(ENDPOINTS);
    expect([resultCount, resultList[0].name, resultList[1]]).toEqual([
      2,
      "/api/users",
      result,
    ]);

    const change = { name: "/a/{x}", httpMethod: "POST", backendResourceUrl: "/v2/{x}" };
    expect(await answered(service.send("PATCH", ENDPOINTS, change))).toEqual([
      200,
      { success: true, result: { ...result, ...change } },
    ]);
    const renaming = {
      identifierName: "/a/{x}",
      identifierHttpMethod: "POST",
      name: "/b/{x}",
      httpMethod: "PUT",
    };
    const renamed = {
      name: "/b/{x}",
      httpMethod: "PUT",
      backendResourceUrl: "/v2/{x}",
      backendHttpMethod: "PUT",
      active: true,
    };
    expect(await answered(service.send("PATCH", ENDPOINTS, renaming))).toEqual([
      200,
      { success: true, result: renamed },
    ]);

    const status = { name: "/b/{x}", httpMethod: "PUT", active: false };
    expect(await answered(service.send("PATCH", `${ENDPOINTS}status/`, status))).toEqual([
      200,
      { success: true },
    ]);
    expect((await list(ENDPOINTS)).resultList[1]).toEqual({ ...renamed, active: false });

    const name = { name: "/b/{x}", httpMethod: "PUT" };
    expect(await answered(service.send("POST", `${ENDPOINTS}delete/`, name))).toEqual([
      200,
      { success: true },
    ]);
    expect(await answered(service.send("POST", `${ENDPOINTS}delete`, name))).toEqual(
      refused(
        404,
        "not_found",
        "Endpoint with name (/b/{x}) and HTTP method (PUT) is not found!",
      ),
    );
  });

  test("keep their settings when they are changed", async () => {
    await make({ name: "/kept", httpMethod: "GET" });
    const cacheSettings = { name: "kept", handlingAction: "STOP" };
    const identifier = { identifierName: "/kept", identifierHttpMethod: "GET" };
    await service.send("PATCH", ENDPOINT_CACHE, { ...identifier, cacheSettings });

    await service.send("PATCH", ENDPOINTS, { ...identifier, name: "/moved" });

    const read = await list(`${ENDPOINT_CACHE}?name=/moved&httpMethod=GET`);
    expect(read.cacheSettings.name).toBe("kept");
    await service.send("POST", `${ENDPOINTS}delete/`, {
      name: "/moved",
      httpMethod: "GET",
    });
  });

  test("of a name and method that are taken are not made", async () => {
    const exists = refused(
      409,
      "conflict",
      "Endpoint with name (/api/users) and HTTP method (GET) already exists!",
    );
    expect(await answered(make(users))).toEqual(exists);
    await make({ name: "/api/users", httpMethod: "PUT" });
    const change = {
      identifierName: "/api/users",
      identifierHttpMethod: "PUT",
      httpMethod: "GET",
    };
    expect(await answered(service.send("PATCH", ENDPOINTS, change))).toEqual(exists);
    await service.send("POST", `${ENDPOINTS}delete/`, {
      name: "/api/users",
      httpMethod: "PUT",
    });
  });

  test.each([
    [{ httpMethod: "GET" }, "name is required"],
    [{ name: "/a" }, "httpMethod is required"],
    [{ name: "a", httpMethod: "GET" }, "name must begin with /"],
    [{ name: "/a?b", httpMethod: "GET" }, "name must be a path without ?, # and \\"],
    [{ name: "/../a", httpMethod: "GET" }, "name must not have a segment . or .."],
    [
      { name: "/{a", httpMethod: "GET" },
      "name must have each {param} in braces of its own, within a segment",
    ],
    [
      { name: "/{a}", httpMethod: "GET", backendResourceUrl: "/{b}" },
      "backendResourceUrl must not have {b}, which name doesn't have",
    ],
    [
      { name: "/a", httpMethod: "GET", backendResourceUrl: "http://x/" },
      "backendResourceUrl must begin with /",
    ],
    [{ name: "/a", httpMethod: "GET", active: 1 }, "active must be true or false"],
    [
      { name: `/${"ü".repeat(1_001)}`, httpMethod: "GET" },
      "name must not have more than 2000 bytes",
    ],
  ])("are refused as %j", async (body, description) => {
    expect(await answered(make(body))).toEqual(badRequest(description));
  });

  test.each([
    [{}, "name is required"],
    [{ identifierName: "/a" }, "identifierHttpMethod is required"],
    [
      { ...users, backendResourceUrl: "/{x}" },
      "backendResourceUrl must not have {x}, which name doesn't have",
    ],
  ])("are not changed by %j", async (body, description) => {
    expect(await answered(service.send("PATCH", ENDPOINTS, body))).toEqual(
      badRequest(description),
    );
  });
});

describe("what is stored", () => {
  const settings = { name: "s", handlingAction: "STOP", cacheActive: true, ttl: 60 };
  const identifier = { identifierName: "/api/users", identifierHttpMethod: "GET" };
  const setProxy = (more: object = {}) =>
    service.send("PATCH", PROXY_CACHE, { ...settings, ...more });
  const setEndpoint = (more: object = {}) =>
    service.send("PATCH", ENDPOINT_CACHE, {
      ...identifier,
      cacheSettings: { ...settings, ...more },
    });

  test("by settings of a proxy goes when they would store otherwise, and stays else", async () => {
    await setProxy();
    const space = await storeKeys("MyAPI", ["p a", "p b", "e999 a"]);

    await setProxy({ name: "other", capacity: 5, handlingAction: "CONTINUE" });
    expect(await keysIn(space)).toHaveLength(3);
    await setProxy({ ttl: 61 });
    expect(await keysIn(space)).toEqual(["e999 a"]);
    await service.sql`delete from entries`;
  });

  test("by settings of an endpoint goes without that of others", async () => {
    await setEndpoint();
    const id = await endpointId("/api/users");
    const space = await storeKeys("MyAPI", [`e${id} a`, `e${id}0 a`, "p a"]);

    await setEndpoint({ cacheNullValue: true });
    expect(await keysIn(space)).toEqual([`e${id}0 a`, "p a"]);
    await setEndpoint({ cacheActive: false });
    expect(await keysIn(space)).toEqual([`e${id}0 a`]);
    await service.sql`delete from entries`;
  });

  test("for an endpoint goes when it is changed, switched or deleted", async () => {
    const name = { name: "/going", httpMethod: "GET" };
    await service.send("POST", ENDPOINTS, name);
    const id = await endpointId("/going");
    const acts = [
      () => service.send("PATCH", ENDPOINTS, { ...name, backendResourceUrl: "/x" }),
      () => service.send("PATCH", `${ENDPOINTS}status/`, { ...name, active: false }),
      () => service.send("POST", `${ENDPOINTS}delete/`, name),
    ];
    for (const act of acts) {
      const space = await storeKeys("MyAPI", [`e${id} a`, "e999 a", "p a"]);
      expect((await act()).status).toBe(200);
      expect(await keysIn(space)).toEqual(["e999 a"]);
      await service.sql`delete from entries`;
    }
  });

  test("goes in several transactions where it is very much, the change with the last", async () => {
    await setProxy();
    const space = await storeKeys("MyAPI", []);
    await service.sql`
      insert into entries (space, key, key_hash, status, headers, encoding, body, etag,
        params, stored_at, fresh_until, stale_until, fallback_until, request_at, response_at)
      select ${space}, 'p ' || n, sha256(convert_to('many' || n, 'UTF8')), 200, '[]',
        'base64', '', '', '{}', 0, 9e15, 9e15, 9e15, 0, 0
      from generate_series(1, 45000) n`;
    await service.sql`analyze entries`;

    expect((await setProxy({ ttl: 1 })).status).toBe(200);

    expect(await keysIn(space)).toEqual([]);
    const records = await service.sql`
      select 1 from audit_records where action = 'cache_settings.change'
        and details->>'ttl' = '1'`;
    expect(records.count).toBe(1);
  }, 60_000);

  test("is purged once more behind the change, for who asks as before until then", async () => {
    await setProxy({ ttl: 2 });
    const rows = await service.sql<{ kind: string }[]>`
      select kind from changes order by seq desc limit 3`;

    expect(rows.map(({ kind }) => kind)).toEqual(["Purged", "ProxyChanged", "Purged"]);
  });
});

describe("an OpenAPI document", () => {
  const importing = (spec: unknown, name = "Imported") =>
    service.send("POST", PROXIES, {
      apiProxyName: name,
      sourceId: "weather",
      apiProxyCreationType: "OPEN_API",
      spec,
    });
  const document = {
    openapi: "3.0.0",
    info: { title: "Users", version: "1" },
    paths: { "/users": { get: {}, post: {} }, "/users/{id}.json": { get: {} } },
  };
  const YAML = `swagger: "2.0"
info: {title: Users, version: "1"}
basePath: /v1
x-common: &common
  get:
    responses: {"200": {description: ok}}
paths:
  /users:
    get:
      responses: {"200": {description: ok}}
    post: {}
  /users/{id}.json: *common
`;

  test.each([
    ["an object", document],
    ["a text of JSON", JSON.stringify(document)],
    ["a text of YAML", YAML],
  ])("as %s makes its endpoints", async (_, spec) => {
    expect((await importing(spec)).status).toBe(201);

    const { resultList, resultCount } = await list(`${PROXIES}Imported/endpoints/`);
    expect(resultCount).toBe(3);
    expect(
      resultList.map((endpoint: any) => `${endpoint.httpMethod} ${endpoint.name}`),
    ).toEqual(["GET /users", "POST /users", "GET /users/{id}.json"]);
    const match = (await known(service, "Imported"))?.router.match(
      "GET",
      "/users/7.json",
    );
    expect(match).toMatchObject({ params: { id: "7" } });
    expect((await remove(`${PROXIES}Imported/`)).status).toBe(200);
  });

  const laughs = [
    "a0: &a0 [x, x, x, x, x, x, x, x, x]",
    ...Array.from(
      { length: 12 },
      (_, at) => `a${at + 1}: &a${at + 1} [${Array(9).fill(`*a${at}`).join(", ")}]`,
    ),
  ].join("\n");

  test.each<[string, unknown, unknown]>([
    ["nothing", null, "spec is required"],
    ["a number", 7, "spec must be an OpenAPI document"],
    ["no document", {}, expect.stringContaining("version 2.0, 3.0 or 3.1")],
    ["an empty text", "", expect.stringMatching(/^spec must be /)],
    ["broken YAML", "a: [", expect.stringMatching(/^spec must be JSON or YAML: /)],
    ["deep YAML", "[".repeat(100_000), expect.stringMatching(/maxDepth/)],
    [
      "YAML in its own terms",
      "a: !!js/function 'x'",
      expect.stringMatching(/^spec must be JSON or YAML/),
    ],
    ["YAML of a billion words", laughs, expect.stringContaining("version 2.0")],
    ["too much YAML", `# ${"x".repeat(4 * 1024 * 1024)}`, expect.stringMatching(/4 MiB/)],
    [
      "another document",
      { ...document, paths: { "/a": { $ref: "http://127.0.0.1:1/a.json" } } },
      'spec.paths["/a"].$ref must not point outside of the document, to http://127.0.0.1:1/a.json',
    ],
  ])("that is %s is refused", async (_, spec, description) => {
    expect(await answered(importing(spec, "refused"))).toEqual(badRequest(description));
  });

  test("of more than a megabyte is taken, and of more than ten is not", async () => {
    const more = {
      ...document,
      info: { ...document.info, description: "x".repeat(2_000_000) },
    };
    expect((await importing(more, "Large")).status).toBe(201);
    await remove(`${PROXIES}Large/`);

    expect(await answered(importing("x".repeat(10 * 1024 * 1024), "refused"))).toEqual(
      badRequest("Cannot take a body of more than 10 MiB"),
    );
  });
});

describe("every process", () => {
  test("knows what was made, changed and deleted", async () => {
    await makeProxy(service, "Seen");
    const path = `${PROXIES}Seen/`;
    const seen = (at: TestService) => known(at, "Seen");

    expect(await seen(service)).toBeDefined();
    await eventually(
      () => seen(other),
      (found) => found !== undefined,
    );
    await service.send("POST", `${path}endpoints/`, { name: "/x", httpMethod: "GET" });
    const endpointOf = async (at: TestService) => {
      const match = (await seen(at))?.router.match("GET", "/x");
      return match?._tag === "Matched" ? match.endpoint?.name : undefined;
    };
    expect(await endpointOf(service)).toBe("/x");
    await eventually(
      () => endpointOf(other),
      (name) => name === "/x",
    );

    // Everyone has heard of it before the answer.
    await remove(path);
    expect(await seen(service)).toBeUndefined();
    expect(await seen(other)).toBeUndefined();
  });

  test("knows the projects", async () => {
    const has = (at: TestService) =>
      at.run(Effect.map(ProxyDirectory, (directory) => directory.hasProject("Known")));

    await service.send("POST", PROJECTS, { name: "Known" });
    expect(await has(service)).toBe(true);
    await eventually(
      () => has(other),
      (known) => known,
    );
    await remove(`${PROJECTS}Known/`);
    expect(await has(service)).toBe(false);
  });

  test("knows what there was before it started", async () => {
    await using third = await testService({ worker: "off", address: service.address });

    const found = await known(third, "MyAPI");

    expect(found?.router.match("GET", "/api/users")).toMatchObject({ endpoint: users });
  });

  test("knows a name's new proxy where two have changed names", async () => {
    await makeProxy(service, "One");
    await makeProxy(service, "Two", { sourceId: "news" });
    await service.send("PATCH", `${PROXIES}One/`, { apiProxyName: "Three" });
    await service.send("PATCH", `${PROXIES}Two/`, { apiProxyName: "One" });
    const seq = await service.run(
      Effect.flatMap(ChangeBus, (bus) => bus.log({ _tag: "ProjectsChanged" })),
    );
    await other.run(Effect.flatMap(ChangeBus, (bus) => bus.appliedHere(seq)));

    for (const at of [service, other]) {
      expect((await known(at, "One"))?.proxy.sourceId).toBe("news");
      expect((await known(at, "Three"))?.proxy.sourceId).toBe("weather");
      expect(await known(at, "Two")).toBeUndefined();
    }
    for (const name of ["One", "Three"]) await remove(`${PROXIES}${name}/`);
  });
});

describe("the face of the gateway's management", () => {
  test.each([
    ["GET", "/apiops/"],
    ["GET", "/apiops/nothing/"],
    ["PUT", PROJECTS],
    ["DELETE", ENDPOINT_CACHE],
  ])("answers %s %s in its own shape", async (method, path) => {
    const nobody = { headers: { authorization: "Bearer nobody" } };

    expect(await answered(service.request(path, { method }))).toEqual(
      refused(404, "not_found", `Cannot find a route for ${method} ${path}`),
    );
    expect(await answered(service.request(path, { method, ...nobody }))).toEqual(
      refused(401, "unauthorized_client", "Invalid token"),
    );
  });

  test("says nothing of Uni-Cache's own in its headers but the request's id", async () => {
    const response = await service.request(PROXY);

    const names = [...response.headers.keys()];
    expect(names.filter((name) => name.startsWith("x-uc"))).toEqual([]);
    expect(names).toContain("x-request-id");
  });

  test("has HEAD for what it has GET for", async () => {
    const response = await service.request(PROXY, { method: "HEAD" });

    expect([response.status, await response.text()]).toEqual([200, ""]);
  });
});

describe("the audit trail", () => {
  test("has each act, and none that was refused", async () => {
    const rows = await service.sql<{ action: string }[]>`
      select distinct action from audit_records
      where split_part(action, '.', 1) in ('project', 'proxy', 'endpoint', 'cache_settings')
      order by action`;

    expect(rows.map(({ action }) => action)).toEqual([
      "cache_settings.change",
      "endpoint.change",
      "endpoint.create",
      "endpoint.delete",
      "project.create",
      "project.delete",
      "proxy.change",
      "proxy.create",
      "proxy.delete",
    ]);
    const refusedOnes = await service.sql`
      select 1 from audit_records where target like '%refused%'`;
    expect(refusedOnes.count).toBe(0);
  });

  test("names the proxy and the endpoint", async () => {
    const rows = await service.sql<{ target: string }[]>`
      select target from audit_records where action = 'endpoint.delete' order by id limit 1`;

    expect(rows[0]?.target).toBe("MyProject/MyAPI PUT /b/{x}");
  });
});
