import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { cuttable } from "../support/cuttable.ts";
import { testDatabase } from "../support/postgres.ts";
import { jsonOf, type TestService, testService } from "../support/service.ts";
import {
  act,
  createInstance,
  inventoryEntries,
  inventorySources,
  readable,
  store,
} from "./inventory.ts";

let service: TestService;
let instance: number;

beforeAll(async () => {
  service = await testService({ worker: "off" });
  await inventorySources(service);
  instance = await createInstance(service, "orders");
});
afterAll(async () => {
  await service[Symbol.asyncDispose]();
});

const post = (action: string, init: RequestInit = {}) =>
  service.request(`/api/v1/cache/actions/${action}`, { method: "POST", ...init });
const nobody = { authorization: "Bearer nobody" };

describe("an answer of the admin face", () => {
  test("that refuses has every member of the envelope, under the request's id", async () => {
    const response = await act(service, "clear-user", { instance_id: "1", username: "" });

    expect(response.status).toBe(400);
    expect(response.headers.get("Content-Type")).toBe("application/json; charset=utf-8");
    expect(response.headers.get("Cache-Control")).toBe("no-store");
    expect(await jsonOf(response)).toEqual({
      success: false,
      error: true,
      error_id: response.headers.get("X-Request-Id"),
      category: "validation",
      severity: "low",
      message_code: "VALIDATION_ERROR",
      message: "请求参数无效：instance_id 必须是正整数；username 不能为空",
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      recoverable: true,
      suggestions: ["请检查请求参数后重试"],
      context: {
        errors: [
          { field: "instance_id", message: "必须是正整数" },
          { field: "username", message: "不能为空" },
        ],
      },
    });
  });

  test.each([
    [undefined, "zh", "请先登录"],
    ["zh-CN,zh;q=0.9,en;q=0.8", "zh", "请先登录"],
    ["en", "en", "Cannot tell who is calling"],
    ["fr, en-US;q=0.5, zh;q=0.1", "en", "Cannot tell who is calling"],
    ["fr", "zh", "请先登录"],
    ["en;q=0", "zh", "请先登录"],
    ["*", "zh", "请先登录"],
  ])("to Accept-Language %p is in %s", async (asked, language, message) => {
    const headers = { ...nobody, ...(asked && { "Accept-Language": asked }) };

    const response = await post("clear-all", { headers });

    expect(response.status).toBe(401);
    expect(response.headers.get("Content-Language")).toBe(language);
    expect(response.headers.get("Vary")).toContain("Accept-Language");
    expect((await jsonOf(response)).message).toStartWith(message);
  });

  test("says what was done and what a field must be in English, too", async () => {
    const headers = { "Accept-Language": "en", "content-type": "application/json" };
    const done = await post("clear-all", { headers });
    const refused = await post("clear-user", { headers, body: '{"instance_id":0}' });

    expect((await jsonOf(done)).message).toBe("Cache of all instances cleared");
    expect((await jsonOf(refused)).context.errors).toEqual([
      { field: "instance_id", message: "Must be a positive whole number" },
      { field: "username", message: "Must be a text that is not blank" },
    ]);
  });

  test("is 500 when the store is away, and says nothing of it but that", async () => {
    const database = await testDatabase();
    const wire = await cuttable(database);
    const lost = await testService({ worker: "off", address: { url: wire.url } });
    await wire.cut();

    for (const path of ["/api/v1/cache/stats", "/api/v1/instances"]) {
      const response = await lost.request(path);
      const { message_code, message, context } = await jsonOf(response);
      expect([path, response.status, message_code, message, context]).toEqual([
        path,
        500,
        "INTERNAL_ERROR",
        "缓存存储不可用",
        {},
      ]);
    }
    const cleared = await act(lost, "clear-all");
    expect([cleared.status, (await jsonOf(cleared)).message_code]).toEqual([
      500,
      "INTERNAL_ERROR",
    ]);
    await lost[Symbol.asyncDispose]();
    await database[Symbol.asyncDispose]();
  });
});

describe("a bad request to a clear action", () => {
  const user = { username: "ada" };
  const json = { "content-type": "application/json" };

  test.each<[string, object, string]>([
    ["clear-user", { instance_id: "1", ...user }, "instance_id"],
    ["clear-user", { instance_id: 1.5, ...user }, "instance_id"],
    ["clear-user", { instance_id: 0, ...user }, "instance_id"],
    ["clear-user", { instance_id: -1, ...user }, "instance_id"],
    ["clear-user", { instance_id: null, ...user }, "instance_id"],
    ["clear-user", { instance_id: true, ...user }, "instance_id"],
    ["clear-user", { ...user }, "instance_id"],
    ["clear-user", { instance_id: 1 }, "username"],
    ["clear-user", { instance_id: 1, username: " \t" }, "username"],
    ["clear-user", { instance_id: 1, username: null }, "username"],
    ["clear-user", { instance_id: 1, username: 7 }, "username"],
    ["clear-user", { instance_id: 1, username: "a\0" }, "username"],
    ["clear-user", { instance_id: 1, ...user, csrf_token: "x" }, "csrf_token"],
    ["clear-instance", { instance_id: "1" }, "instance_id"],
    ["clear-instance", { instance_id: null }, "instance_id"],
    ["clear-instance", { instance_id: 1, ...user }, "username"],
    ["clear-instance", [1], "body"],
    ["clear-classification", { db_type: "mongo" }, "db_type"],
    ["clear-classification", { db_type: "all" }, "db_type"],
    ["clear-classification", { db_type: 5 }, "db_type"],
    ["clear-classification", { db_type: ["mysql"] }, "db_type"],
    ["clear-classification", { type: "mysql" }, "type"],
    ["clear-all", { csrf_token: "x" }, "csrf_token"],
    ["clear-all", { everything: true }, "everything"],
  ])("%s with %j is 400, and clears nothing", async (action, body, field) => {
    const entries = inventoryEntries([instance]);
    await store(service, entries);

    const response = await act(service, action, body);

    const answer = await jsonOf(response);
    expect([response.status, answer.message_code]).toEqual([400, "VALIDATION_ERROR"]);
    expect(answer.context.errors[0].field).toBe(field);
    expect(answer.message).toMatch(/^请求参数无效：/);
    expect(await readable(service, entries)).toHaveLength(entries.length);
  });

  test.each([
    ["no body", {}],
    ["no JSON", { headers: json, body: "{" }],
    ["another type", { headers: { "content-type": "text/plain" }, body: "{}" }],
    ["a body of 2 MiB", { headers: json, body: " ".repeat(2 * 1024 * 1024) }],
    ["a hidden field", { headers: json, body: '{"__proto__":{}}' }],
  ])("with %s is 400", async (_, init) => {
    const response = await post("clear-user", init);

    expect([response.status, (await jsonOf(response)).message_code]).toEqual([
      400,
      "VALIDATION_ERROR",
    ]);
  });

  test.each([999_999, 2 ** 31, 2 ** 40, 1e300])(
    "about instance %d, which there is not, is 404",
    async (instance_id) => {
      for (const action of ["clear-user", "clear-instance"]) {
        const body = { instance_id, ...(action === "clear-user" ? user : {}) };
        const response = await act(service, action, body);
        expect([response.status, (await jsonOf(response)).message_code]).toEqual([
          404,
          "RESOURCE_NOT_FOUND",
        ]);
      }
    },
  );
});
