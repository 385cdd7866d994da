import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { jsonOf, type TestService, testService } from "../support/service.ts";
import {
  createInstance,
  inventoryEntries,
  inventorySources,
  nameOf,
  readable,
  store,
  unreachedAfter,
} from "./inventory.ts";

let service: TestService;

beforeAll(async () => {
  service = await testService({ worker: "off" });
  await inventorySources(service);
});
afterAll(async () => {
  await service[Symbol.asyncDispose]();
});

const draft = { name: "orders", db_type: "mysql", host: "db.example.com", port: 3306 };
const path = (id: number | string) => `/api/v1/instances/${id}`;
const codeOf = async (response: Response) => [
  response.status,
  (await jsonOf(response)).message_code,
];

describe("POST /api/v1/instances", () => {
  test("answers 201 with the whole instance, active where nothing else is said", async () => {
    const response = await service.send("POST", "/api/v1/instances", {
      ...draft,
      name: " new ",
      db_type: "PostgreSQL",
    });

    const { data, ...envelope } = await jsonOf(response);
    expect(response.status).toBe(201);
    expect(envelope).toEqual({
      success: true,
      error: false,
      message: "实例创建成功",
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
    });
    expect(data.instance).toEqual({
      ...draft,
      id: expect.any(Number),
      name: "new",
      db_type: "postgresql",
      is_active: true,
      created_at: expect.any(String),
      updated_at: data.instance.created_at,
    });
    expect(response.headers.get("Location")).toBe(path(data.instance.id));
    const read = await service.request(path(data.instance.id));
    expect((await jsonOf(read)).data.instance).toEqual(data.instance);
  });

  test("answers 409 for a name that is taken, until its instance is deleted", async () => {
    const id = await createInstance(service, "taken");

    expect(
      await codeOf(
        await service.send("POST", "/api/v1/instances", { ...draft, name: "taken" }),
      ),
    ).toEqual([409, "CONSTRAINT_VIOLATION"]);
    await service.request(path(id), { method: "DELETE" });
    expect(await createInstance(service, "taken")).toBeGreaterThan(id);
  });

  test.each<[object, string]>([
    [{ name: " " }, "name"],
    [{ name: "x".repeat(201) }, "name"],
    [{ name: "a\0b" }, "name"],
    [{ name: 7 }, "name"],
    [{ db_type: "mongo" }, "db_type"],
    [{ db_type: 5 }, "db_type"],
    [{ db_type: null }, "db_type"],
    [{ host: "a b" }, "host"],
    [{ host: "" }, "host"],
    [{ port: 0 }, "port"],
    [{ port: 65_536 }, "port"],
    [{ port: "3306" }, "port"],
    [{ port: 1.5 }, "port"],
    [{ is_active: "yes" }, "is_active"],
    [{ id: 7 }, "id"],
    [{ csrf_token: "x" }, "csrf_token"],
  ])("answers 400 for %j, and makes nothing", async (change, field) => {
    const body = { ...draft, name: "refused", ...change };

    const response = await service.send("POST", "/api/v1/instances", body);

    const answer = await jsonOf(response);
    expect([response.status, answer.message_code]).toEqual([400, "VALIDATION_ERROR"]);
    expect(answer.context.errors.map((error: { field: string }) => error.field)).toEqual([
      field,
    ]);
    const made = await service.sql`select 1 from instances where name = 'refused'`;
    expect(made.count).toBe(0);
  });
});

describe("GET /api/v1/instances", () => {
  test("tells pages of what there is, in the order of the ids", async () => {
    await service.sql`update instances set deleted_at = 1`;
    const ids: number[] = [];
    for (const name of ["a", "b", "c"])
      ids.push(await createInstance(service, `page-${name}`));
    const pageOf = async (query: string) => {
      const { data } = await jsonOf(await service.request(`/api/v1/instances?${query}`));
      return { ...data, items: data.items.map(({ id }: { id: number }) => id) };
    };

    expect(await pageOf("")).toEqual({
      items: ids,
      total: 3,
      page: 1,
      pages: 1,
      limit: 50,
    });
    expect(await pageOf("page=2&limit=2")).toEqual({
      items: ids.slice(2),
      total: 3,
      page: 2,
      pages: 2,
      limit: 2,
    });
    expect(await pageOf("page=9&limit=2")).toMatchObject({
      items: [],
      total: 3,
      page: 9,
    });
    await service.sql`update instances set deleted_at = 1`;
    expect(await pageOf("")).toMatchObject({ items: [], total: 0, pages: 0 });
  });

  test.each(["page=0", "page=-1", "page=x", "limit=0", "limit=1001", "limit=1.5"])(
    "answers 400 for %s",
    async (query) => {
      expect(await codeOf(await service.request(`/api/v1/instances?${query}`))).toEqual([
        400,
        "VALIDATION_ERROR",
      ]);
    },
  );
});

describe("GET, PATCH, DELETE /api/v1/instances/{instance_id}", () => {
  test("change the named fields and leave the others", async () => {
    const id = await createInstance(service, "changing");

    const response = await service.send("PATCH", path(id), {
      port: 3307,
      is_active: false,
    });

    expect((await jsonOf(response)).data.instance).toMatchObject({
      ...draft,
      id,
      name: "changing",
      port: 3307,
      is_active: false,
    });
    const same = await service.send("PATCH", path(id), { name: "changing" });
    expect(same.status).toBe(200);
  });

  test("answer 409 for the name of another, and change nothing", async () => {
    const id = await createInstance(service, "one");
    await createInstance(service, "another");

    const response = await service.send("PATCH", path(id), { name: "another", port: 1 });

    expect(await codeOf(response)).toEqual([409, "CONSTRAINT_VIOLATION"]);
    const { data } = await jsonOf(await service.request(path(id)));
    expect(data.instance).toMatchObject({ name: "one", port: 3306 });
  });

  test.each(["999999", "1099511627776", "9".repeat(400)])(
    "answer 404 for %s, which no instance is",
    async (id) => {
      for (const method of ["GET", "DELETE"]) {
        const response = await service.request(path(id), { method });
        expect(await codeOf(response)).toEqual([404, "RESOURCE_NOT_FOUND"]);
      }
      const response = await service.send("PATCH", path(id), { port: 1 });
      expect(await codeOf(response)).toEqual([404, "RESOURCE_NOT_FOUND"]);
    },
  );

  test.each(["0", "-1", "1.5", "x", "1e3"])("answer 400 for %s", async (id) => {
    expect(await codeOf(await service.request(path(id)))).toEqual([
      400,
      "VALIDATION_ERROR",
    ]);
  });

  test("delete the instance with its entries, and keep its id from being given again", async () => {
    const [id, kept] = [
      await createInstance(service, "going"),
      await createInstance(service, "staying"),
    ];
    const entries = inventoryEntries([id, kept]);
    await store(service, entries);
    expect(await readable(service, entries)).toHaveLength(entries.length);

    const since = performance.now();
    const response = await service.request(path(id), { method: "DELETE" });
    const took = performance.now() - since;

    expect((await jsonOf(response)).data).toEqual({
      cleared_entries: 6,
      unreached_processes: unreachedAfter(took),
    });
    const left = entries.filter(({ params }) => params["instance_id"] !== String(id));
    expect(await readable(service, entries)).toEqual(left.map(nameOf));
    expect((await service.request(path(id))).status).toBe(404);
    const again = await service.request(path(id), { method: "DELETE" });
    expect(again.status).toBe(404);
  });
});

describe("the audit trail", () => {
  test("has each change of an instance, and none that was refused", async () => {
    const id = await createInstance(service, "audited");
    await service.send("PATCH", path(id), { port: 3307 });
    await service.send("PATCH", path(id), { name: "staying" });
    await service.request(path(id), { method: "DELETE" });

    const records = await service.sql`
      select action, details from audit_records
      where action like 'instance.%' and target = ${String(id)} order by id`;
    expect(records.map(({ action }) => action)).toEqual([
      "instance.create",
      "instance.change",
      "instance.delete",
    ]);
    expect(records[1]?.["details"]).toEqual({ port: 3307 });
  });
});
