import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { jsonOf, type TestService, testService } from "../support/service.ts";
import {
  ENDPOINT_CACHE,
  makeGateway,
  MANAGES,
  PROXY_CACHE,
  tokenOf,
} from "./gateways.ts";

let service: TestService;

beforeAll(async () => {
  service = await testService({ worker: "off" });
  await makeGateway(service);
});
afterAll(() => service[Symbol.asyncDispose]());

const identifier = { identifierName: "/api/users", identifierHttpMethod: "GET" };
const least = { name: "Endpoint Cache Settings", handlingAction: "STOP" };
const variable = { name: "userId", type: "HEADER", dataType: "STRING" };

const patch = (cacheSettings: unknown, more: object = {}) =>
  service.send("PATCH", ENDPOINT_CACHE, { ...identifier, cacheSettings, ...more });

async function read(query = "name=/api/users&httpMethod=GET") {
  const response = await service.request(`${ENDPOINT_CACHE}?${query}`);
  return jsonOf(response);
}

/** What is stored of the settings. */
const stored = async () => (await read()).cacheSettings;

/** Status and body of a failure. */
async function refusal(answer: Response | Promise<Response>) {
  const response = await answer;
  return [response.status, await jsonOf(response)];
}

const badRequest = (error_description: string) => [
  400,
  { error: "bad_request", error_description },
];

/** As it stands in seed 003, but for host, names and token. */
const BASIC = `{
    "identifierName": "/api/users",
    "identifierHttpMethod": "GET",
    "cacheSettings": {
      "name": "Endpoint Cache Settings",
      "cacheActive": true,
      "cacheOnlyHttpGetRequests": false,
      "cacheKeyType": "QUERY_PARAMS",
      "cacheStorageType": "LOCAL",
      "capacity": 1000,
      "ttl": 3600,
      "handlingAction": "STOP",
      "cacheNullValue": false
    }
  }`;

const CUSTOM = `{
    "identifierName": "/api/users",
    "identifierHttpMethod": "GET",
    "cacheSettings": {
      "name": "Endpoint Cache with Custom Key",
      "cacheActive": true,
      "cacheKeyType": "CUSTOM",
      "cacheStorageType": "DISTRIBUTED",
      "capacity": 5000,
      "ttl": 7200,
      "handlingAction": "CONTINUE",
      "invalidationRequiresAuthn": true,
      "variableList": [
        {
          "name": "userId",
          "type": "HEADER",
          "dataType": "STRING"
        },
        {
          "name": "apiVersion",
          "type": "PARAMETER",
          "dataType": "STRING"
        }
      ]
    }
  }`;

const curl = (body: string, authorization = "") =>
  service.request("/apiops/projects/MyProject/apiProxies/MyAPI/endpoints/cache/", {
    method: "PATCH",
    headers: {
      ...(authorization === "" ? {} : { Authorization: authorization }),
      "Content-Type": "application/json",
    },
    body,
  });

describe("003's cURL examples", () => {
  test("Example 1: Basic Endpoint Cache Configuration", async () => {
    const response = await curl(BASIC);

    expect(response.status).toBe(200);
    expect(await response.text()).toBe('{"success":true}');
    expect(response.headers.get("Content-Type")).toBe("application/json; charset=utf-8");
    expect(response.headers.get("X-Request-Id")).not.toBeNull();
    expect(await stored()).toEqual({
      name: "Endpoint Cache Settings",
      description: null,
      cacheActive: true,
      cacheOnlyHttpGetRequests: false,
      cacheKeyType: "QUERY_PARAMS",
      cacheStorageType: "LOCAL",
      capacity: 1000,
      ttl: 3600,
      handlingAction: "STOP",
      invalidationRequiresAuthn: false,
      cacheNullValue: false,
      variableList: [],
    });
  });

  test("Example 2: Custom Cache Key with Variables", async () => {
    const { authorization } = await tokenOf(service, { projects: MANAGES });

    const response = await curl(CUSTOM, authorization);

    expect([response.status, await response.text()]).toEqual([200, '{"success":true}']);
    expect(await stored()).toEqual({
      name: "Endpoint Cache with Custom Key",
      description: null,
      cacheActive: true,
      cacheOnlyHttpGetRequests: true,
      cacheKeyType: "CUSTOM",
      cacheStorageType: "DISTRIBUTED",
      capacity: 5000,
      ttl: 7200,
      handlingAction: "CONTINUE",
      invalidationRequiresAuthn: true,
      cacheNullValue: false,
      variableList: [
        { name: "userId", type: "HEADER", dataType: "STRING", headerName: "userId" },
        {
          name: "apiVersion",
          type: "PARAMETER",
          dataType: "STRING",
          paramType: "QUERY",
          paramName: "apiVersion",
        },
      ],
    });
  });

  test("work without the last slash too", async () => {
    const response = await service.send("PATCH", ENDPOINT_CACHE.slice(0, -1), {
      ...identifier,
      cacheSettings: least,
    });

    expect(response.status).toBe(200);
  });
});

describe("003's table of request body fields", () => {
  beforeEach(async () => {
    expect((await patch({ ...least, ttl: 77 })).status).toBe(200);
  });

  const rows: readonly (readonly [row: string, body: object, description: string])[] = [
    [
      "identifierName | string | Yes",
      { identifierName: undefined },
      "identifierName is required",
    ],
    ["identifierName | string", { identifierName: 7 }, "identifierName must be a text"],
    [
      "identifierName | string, of a path's length",
      { identifierName: "x".repeat(2_001) },
      "identifierName must have 1 to 2000 characters",
    ],
    [
      "identifierName | string, without NUL",
      { identifierName: "/a\0" },
      "identifierName must be Unicode text without control characters",
    ],
    [
      "identifierHttpMethod | string | Yes",
      { identifierHttpMethod: null },
      "identifierHttpMethod is required",
    ],
    [
      "identifierHttpMethod | See EnumHttpRequestMethod",
      { identifierHttpMethod: "get" },
      "identifierHttpMethod must be one of GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS, TRACE, ALL",
    ],
    [
      "cacheSettings | object | Yes",
      { cacheSettings: undefined },
      "cacheSettings is required",
    ],
    ["cacheSettings | object", { cacheSettings: [] }, "cacheSettings must be an object"],
    ["no other field", { cacheSetting: {} }, "cacheSetting is not a known field"],
  ];

  test.each(rows)("%s", async (_, more, description) => {
    expect(await refusal(patch(least, more))).toEqual(badRequest(description));
    expect(await stored()).toMatchObject({ ttl: 77 });
  });
});

describe("003's table of cache settings object fields", () => {
  beforeEach(async () => {
    expect((await patch({ ...least, ttl: 77 })).status).toBe(200);
  });

  const whole = (field: string, from: number, to: number) =>
    `cacheSettings.${field} must be a whole number from ${from} to ${to}`;
  const capacity = whole("capacity", 1, 10_000_000);
  const ttl = whole("ttl", 0, 31_536_000);
  const truth = (field: string) => `cacheSettings.${field} must be true or false`;

  const rows: readonly (readonly [row: string, field: object, description: string])[] = [
    ["name | string | Yes", { name: undefined }, "cacheSettings.name is required"],
    ["name | string", { name: 5 }, "cacheSettings.name must be a text"],
    [
      "name | not empty",
      { name: "" },
      "cacheSettings.name must have 1 to 200 characters",
    ],
    [
      "description | string",
      { description: 5 },
      "cacheSettings.description must be a text",
    ],
    ["cacheActive | boolean", { cacheActive: "true" }, truth("cacheActive")],
    [
      "cacheOnlyHttpGetRequests | boolean",
      { cacheOnlyHttpGetRequests: 1 },
      truth("cacheOnlyHttpGetRequests"),
    ],
    [
      "cacheKeyType | See EnumCacheKeyType",
      { cacheKeyType: "query_params" },
      "cacheSettings.cacheKeyType must be one of QUERY_PARAMS, CUSTOM",
    ],
    [
      "cacheStorageType | See EnumCacheStorageType",
      { cacheStorageType: "REDIS" },
      "cacheSettings.cacheStorageType must be one of LOCAL, DISTRIBUTED",
    ],
    ["capacity | integer", { capacity: 1.5 }, capacity],
    ["capacity | integer, not a text", { capacity: "1000" }, capacity],
    ["capacity | from 1", { capacity: 0 }, capacity],
    ["capacity | to 10000000", { capacity: 10_000_001 }, capacity],
    ["ttl | integer", { ttl: 0.5 }, ttl],
    ["ttl | from 0", { ttl: -1 }, ttl],
    ["ttl | to 31536000", { ttl: 31_536_001 }, ttl],
    [
      "handlingAction | string | Yes",
      { handlingAction: undefined },
      "handlingAction is required",
    ],
    ["handlingAction | not null", { handlingAction: null }, "handlingAction is required"],
    [
      "handlingAction | See EnumCacheHandlingAction",
      { handlingAction: "stop" },
      "cacheSettings.handlingAction must be one of CONTINUE, STOP",
    ],
    [
      "invalidationRequiresAuthn | boolean",
      { invalidationRequiresAuthn: "no" },
      truth("invalidationRequiresAuthn"),
    ],
    ["cacheNullValue | boolean", { cacheNullValue: 0 }, truth("cacheNullValue")],
    [
      "variableList | array",
      { variableList: {} },
      "cacheSettings.variableList must be a list",
    ],
    [
      "variableList | of objects",
      { variableList: ["userId"] },
      "cacheSettings.variableList[0] must be an object",
    ],
    [
      "variableList | of at most 50",
      { variableList: Array.from({ length: 51 }, () => variable) },
      "cacheSettings.variableList must not have more than 50 variables",
    ],
    [
      "no other field",
      { cacheActve: true },
      "cacheSettings.cacheActve is not a known field",
    ],
  ];

  test.each(rows)("%s", async (_, field, description) => {
    expect(await refusal(patch({ ...least, ...field }))).toEqual(badRequest(description));
    expect(await stored()).toMatchObject({ ttl: 77 });
  });

  test("defaults: false, true, QUERY_PARAMS, DISTRIBUTED, false, false, [], by null as by absence", async () => {
    const defaults = {
      description: null,
      cacheActive: false,
      cacheOnlyHttpGetRequests: true,
      cacheKeyType: "QUERY_PARAMS",
      cacheStorageType: "DISTRIBUTED",
      capacity: 10_000,
      ttl: null,
      invalidationRequiresAuthn: false,
      cacheNullValue: false,
      variableList: [],
    };
    const nulls = Object.fromEntries(Object.keys(defaults).map((field) => [field, null]));

    for (const settings of [least, { ...nulls, ...least }]) {
      await patch({ ...least, ttl: 77 });
      expect((await patch(settings)).status).toBe(200);
      expect(await stored()).toEqual({ ...least, ...defaults });
    }
  });

  test("bounds: capacity 1 and 10000000, ttl 0 and 31536000", async () => {
    for (const bounds of [
      { capacity: 1, ttl: 0 },
      { capacity: 10_000_000, ttl: 31_536_000 },
    ]) {
      expect((await patch({ ...least, ...bounds })).status).toBe(200);
      expect(await stored()).toMatchObject(bounds);
    }
  });

  test("what is read back can be sent again", async () => {
    const variableList = [
      variable,
      {
        name: "v",
        type: "PARAMETER",
        dataType: "NUMERIC",
        paramType: "PATH",
        paramName: "p",
      },
      { name: "b", type: "BODY", dataType: "DATE", jsonPathValue: "$.a[0]['b c']" },
      {
        name: "c",
        type: "CONTEXT_VALUES",
        dataType: "STRING",
        contextValue: "REQUEST_SCHEME",
      },
    ];
    await patch({ ...least, cacheKeyType: "CUSTOM", variableList });
    const settings = await stored();
    expect(settings.variableList).toEqual([
      { ...variable, headerName: "userId" },
      ...variableList.slice(1),
    ]);

    expect((await patch(settings)).status).toBe(200);
    expect(await stored()).toEqual(settings);
  });
});

describe("003's common causes of 400", () => {
  const custom = (variableList: unknown) => ({
    ...least,
    cacheKeyType: "CUSTOM",
    variableList,
  });
  const at = (field: string) => `cacheSettings.variableList[0].${field}`;

  test.each<[string, unknown, string]>([
    [
      "empty",
      [],
      "cacheSettings.variableList must have a variable where cacheKeyType is CUSTOM",
    ],
    [
      "absent",
      undefined,
      "cacheSettings.variableList must have a variable where cacheKeyType is CUSTOM",
    ],
    [
      "two of one name",
      [variable, { ...variable, type: "PARAMETER" }],
      "cacheSettings.variableList[1].name must not be the name of another variable",
    ],
    ["no name", [{ ...variable, name: undefined }], `${at("name")} is required`],
    ["no type", [{ ...variable, type: undefined }], `${at("type")} is required`],
    [
      "unknown type",
      [{ ...variable, type: "COOKIE" }],
      `${at("type")} must be one of HEADER, PARAMETER, BODY, CONTEXT_VALUES`,
    ],
    [
      "script",
      [{ name: "x", type: "CUSTOM", dataType: "STRING", script: "return 1" }],
      `${at("type")} must not be CUSTOM: scripts are not run here`,
    ],
    [
      "unknown data type",
      [{ ...variable, dataType: "BOOLEAN" }],
      `${at("dataType")} must be one of STRING, NUMERIC, DATE`,
    ],
    [
      "no header",
      [{ ...variable, name: "user id" }],
      `${at("name")} must be the name of a header`,
    ],
    [
      "no header in the long form",
      [{ ...variable, headerName: "a:b" }],
      `${at("headerName")} must be the name of a header`,
    ],
    [
      "unknown place of a parameter",
      [{ name: "x", type: "PARAMETER", paramType: "COOKIE" }],
      `${at("paramType")} must be one of QUERY, PATH, FORM`,
    ],
    [
      "body without a path",
      [{ name: "x", type: "BODY" }],
      `${at("jsonPathValue")} is required`,
    ],
    [
      "context without a value",
      [{ name: "x", type: "CONTEXT_VALUES" }],
      `${at("contextValue")} is required`,
    ],
    [
      "a field of another type",
      [{ ...variable, jsonPathValue: "$.a" }],
      `${at("jsonPathValue")} must not stand with type HEADER`,
    ],
    [
      "unknown context",
      [{ name: "x", type: "CONTEXT_VALUES", contextValue: "REQUEST_USER" }],
      `${at("contextValue")} must be one of REQUEST_HTTP_METHOD, REQUEST_REMOTE_ADDRESS, REQUEST_PATH_INFO, REQUEST_QUERY_STRING, REQUEST_REQUEST_URI, REQUEST_SERVER_NAME, REQUEST_SCHEME, REQUEST_CONTENT_TYPE, APIPROXY_NAME, ENDPOINT, HTTPMETHOD`,
    ],
  ])(
    "Invalid variableList when cacheKeyType=CUSTOM: %s",
    async (_, list, description) => {
      await patch({ ...least, ttl: 78 });
      expect(await refusal(patch(custom(list)))).toEqual(badRequest(description));
      expect(await stored()).toMatchObject({ ttl: 78, cacheKeyType: "QUERY_PARAMS" });
    },
  );

  test("a path into a body that may name several values is told so", async () => {
    const list = [{ name: "x", type: "BODY", jsonPathValue: "$..a" }];

    const [status, body] = await refusal(patch(custom(list)));

    expect(status).toBe(400);
    expect(body.error_description).toStartWith(`${at("jsonPathValue")} must be the path`);
  });

  test.each([
    ["{", "body is not valid JSON in UTF-8"],
    ["null", "body must be an object"],
    ["[]", "body must be an object"],
    ['"x"', "body must be an object"],
    ["{}", "identifierName is required"],
    ['{"__proto__": {}}', "__proto__ is not a known field"],
  ])("a body of %s", async (body, description) => {
    expect(await refusal(curl(body))).toEqual(
      badRequest(body === "null" ? "body is required" : description),
    );
  });

  test("a body of another type, or none, or too much of it", async () => {
    const headers = { "content-type": "text/plain" };
    const typed = service.request(ENDPOINT_CACHE, {
      method: "PATCH",
      headers,
      body: BASIC,
    });
    expect(await refusal(typed)).toEqual(
      badRequest("Cannot read the body: its Content-Type must be application/json"),
    );
    const none = service.request(ENDPOINT_CACHE, { method: "PATCH" });
    expect((await none).status).toBe(400);
    expect(await refusal(curl(" ".repeat(1_048_577)))).toEqual(
      badRequest("Cannot take a body of more than 1 MiB"),
    );
  });
});

describe("003's other error responses", () => {
  test("401 Unauthorized", async () => {
    for (const authorization of ["Bearer YOUR_TOKEN", "Basic eDp5"]) {
      const response = await curl(BASIC, authorization);
      expect(response.headers.get("WWW-Authenticate")).toStartWith("Bearer");
      expect(await refusal(response)).toEqual([
        401,
        { error: "unauthorized_client", error_description: "Invalid token" },
      ]);
    }
  });

  const at = (project: string, apiProxy: string, body: object = JSON.parse(BASIC)) =>
    service.send(
      "PATCH",
      `/apiops/projects/${project}/apiProxies/${apiProxy}/endpoints/cache/`,
      body,
    );
  const notFound = (error_description: string) => [
    404,
    { error: "not_found", error_description },
  ];

  test.each(["MyApi", "myapi", "MyAPI%20", "Other", "My%2FAPI"])(
    "404 for the API proxy %s: ApiProxy (name: …) was not found!",
    async (name) => {
      expect(await refusal(at("MyProject", name))).toEqual(
        notFound(`ApiProxy (name: ${decodeURIComponent(name)}) was not found!`),
      );
    },
  );

  test.each(["myproject", "Other"])(
    "404 for the project %s: Project (name: …) was not found!",
    async (name) => {
      expect(await refusal(at(name, "MyAPI"))).toEqual(
        notFound(`Project (name: ${name}) was not found!`),
      );
    },
  );

  test.each([
    ["/api/users", "POST"],
    ["/api/Users", "GET"],
    ["/api/users/", "GET"],
    ["/api/users", "ALL"],
  ])(
    "404 for the endpoint %s by %s: Endpoint with name (…) and HTTP method (…) is not found!",
    async (name, method) => {
      const body = {
        identifierName: name,
        identifierHttpMethod: method,
        cacheSettings: least,
      };
      const sentence = `Endpoint with name (${name}) and HTTP method (${method}) is not found!`;

      expect(await refusal(at("MyProject", "MyAPI", body))).toEqual(notFound(sentence));
      const query = new URLSearchParams({ name, httpMethod: method });
      const response = service.request(`${ENDPOINT_CACHE}?${query}`);
      expect(await refusal(response)).toEqual(notFound(sentence));
    },
  );

  test.each([
    ["%ZZ", 400],
    ["a%00b", 400],
    ["%ff", 400],
  ])("a project of %s is none that there can be", async (project, status) => {
    const [got, body] = await refusal(at(project, "MyAPI"));
    expect([got, body.error]).toEqual([status, "bad_request"]);
  });
});

describe("003's permissions", () => {
  test.each<[string, object, number]>([
    ["role admin", { role: "admin" }, 200],
    ["role guest with MANAGE in the project", { role: "guest", projects: MANAGES }, 200],
    ["role user without it", { role: "user" }, 403],
    [
      "MANAGE in another project",
      { projects: [{ ...MANAGES[0], name: "myproject" }] },
      403,
    ],
    [
      "another permission in the project",
      { projects: [{ name: "MyProject", permissions: ["API_MANAGEMENT:VIEW"] }] },
      403,
    ],
    ["role admin restricted to sources", { role: "admin", sources: ["weather"] }, 403],
    [
      "MANAGE, and restricted to sources",
      { sources: ["another"], projects: MANAGES },
      200,
    ],
  ])("%s: %p → %d", async (_, fields, status) => {
    const { authorization } = await tokenOf(service, fields);

    const response = await curl(BASIC, authorization);

    expect(response.status).toBe(status);
    if (status === 403) {
      expect(await jsonOf(response)).toEqual({
        error: "forbidden",
        error_description: "Cannot do this without the permission API_MANAGEMENT:MANAGE",
      });
    }
  });

  test("who may not manage a project does not learn whether there is one", async () => {
    const { authorization } = await tokenOf(service, {});
    const path = ENDPOINT_CACHE.replace("MyProject", "Nothing");
    const headers = { authorization, "content-type": "application/json" };

    const response = await service.request(path, {
      method: "PATCH",
      headers,
      body: BASIC,
    });

    expect(response.status).toBe(403);
  });
});

describe("003's note on endpoint-level override", () => {
  test("Endpoint cache settings override API Proxy-level cache settings", async () => {
    const ofProxy = { ...least, name: "proxy", cacheActive: true };
    expect((await service.send("PATCH", PROXY_CACHE, ofProxy)).status).toBe(200);
    await patch({ ...least, name: "endpoint", cacheActive: true });

    expect(await read()).toMatchObject({
      success: true,
      ...identifier,
      effective: { from: "ENDPOINT", settings: { name: "endpoint" } },
    });
  });

  test("If endpoint cache is disabled, API Proxy-level cache still applies", async () => {
    await service.send("PATCH", PROXY_CACHE, {
      ...least,
      name: "proxy",
      cacheActive: true,
    });
    await patch({ ...least, name: "endpoint", cacheActive: false });

    expect(await read()).toMatchObject({
      cacheSettings: { name: "endpoint" },
      effective: { from: "API_PROXY", settings: { name: "proxy" } },
    });
  });

  test("with neither, nothing is in force", async () => {
    await service.send("PATCH", PROXY_CACHE, { cacheSettings: least });
    await patch({ ...least, cacheActive: false });

    expect((await read()).effective).toEqual({ from: null, settings: null });
  });
});

describe("the settings of the whole proxy", () => {
  const readProxy = async () => jsonOf(await service.request(PROXY_CACHE));

  test("are taken flat or in cacheSettings, and read back", async () => {
    for (const body of [{ ...least, ttl: 5 }, { cacheSettings: { ...least, ttl: 6 } }]) {
      const response = await service.send("PATCH", PROXY_CACHE, body);
      expect([response.status, await response.text()]).toEqual([200, '{"success":true}']);
    }
    expect(await readProxy()).toMatchObject({
      success: true,
      cacheSettings: { ...least, ttl: 6, capacity: 10_000 },
      effective: { from: null },
    });
  });

  test.each<[object, string]>([
    [{}, "name is required"],
    [{ name: "x" }, "handlingAction is required"],
    [{ cacheSettings: { name: "x" } }, "handlingAction is required"],
    [{ cacheSettings: null }, "cacheSettings is required"],
    [{ cacheSettings: least, ttl: 5 }, "ttl is not a known field"],
    [{ ...least, ttl: -1 }, "ttl must be a whole number from 0 to 31536000"],
    [
      { cacheSettings: { ...least, variableList: [{ type: "CUSTOM" }] } },
      "cacheSettings.variableList[0].name is required",
    ],
    [
      { ...least, cacheKeyType: "CUSTOM" },
      "variableList must have a variable where cacheKeyType is CUSTOM",
    ],
  ])("are refused as %j", async (body, description) => {
    await service.send("PATCH", PROXY_CACHE, { ...least, ttl: 7 });
    expect(await refusal(service.send("PATCH", PROXY_CACHE, body))).toEqual(
      badRequest(description),
    );
    expect(await readProxy()).toMatchObject({ cacheSettings: { ttl: 7 } });
  });
});
