import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { cuttable } from "../support/cuttable.ts";
import { testDatabase } from "../support/postgres.ts";
import { jsonOf, type TestService, testService } from "../support/service.ts";
import { addGuest, makeSource } from "./stored-entries.ts";

let service: TestService;

/** `a` has 5 tasks, one of each state and two queued; `b` has one queued; `c` none. */
beforeAll(async () => {
  service = await testService({ worker: "off" });
  for (const id of ["a", "b", "c"]) await makeSource(service, id);
  for (const key of ["1", "2", "3", "4", "5"]) await readKey("a", key);
  await readKey("b", "1");
  // Ids of one millisecond have no order among each other.
  await service.sql`update tasks set id = 't_' || lpad(to_hex(place), 32, '0')`;
  await setState("/weather/1", "succeeded", "ended_at = uc_now(), started_at = uc_now()");
  await setState(
    "/weather/2",
    "failed",
    "ended_at = uc_now(), error_code = 'UPSTREAM_STATUS', error_detail = 'Answered 500'",
  );
  await setState("/weather/3", "running", "started_at = uc_now(), lease_until = 9e15");
});
afterAll(() => service[Symbol.asyncDispose]());

const readKey = (id: string, key: string) =>
  service.request(`/api/v1/cache/${id}/%2Fweather%2F${key}`);
const setState = (key: string, state: string, rest: string) =>
  service.sql.unsafe(
    `update tasks set state = '${state}', ${rest} where source_id = 'a' and key = '${key}'`,
  );
const list = (query: Record<string, string> = {}, on = service) =>
  on.request(`/api/v1/tasks?${new URLSearchParams(query)}`);
const pageOf = async (query: Record<string, string> = {}) => {
  const response = await list(query);
  expect(response.status).toBe(200);
  return jsonOf(response);
};
/** Each task as its source and the last part of its key. */
const namesOf = async (query: Record<string, string> = {}) =>
  (await pageOf(query)).items.map(
    ({ source_id, key }: Record<string, string>) => `${source_id}${key?.slice(-1)}`,
  );
const expectProblem = async (response: Response, status: number, fields?: string[]) => {
  const body = await jsonOf(response);
  expect([response.status, body.status]).toEqual([status, status]);
  if (fields !== undefined) {
    expect(body.errors.map(({ field }: { field: string }) => field)).toEqual(fields);
  }
};

describe("GET /api/v1/tasks", () => {
  test("shows the newest first, each as it is read alone", async () => {
    const page = await pageOf();

    expect(page.next_cursor).toBeNull();
    expect(await namesOf()).toEqual(["b1", "a5", "a4", "a3", "a2", "a1"]);
    for (const item of page.items) {
      const alone = await service.request(`/api/v1/tasks/${item.task_id}`);
      expect(await jsonOf(alone)).toEqual(item);
    }
    expect(page.items[4]).toMatchObject({
      state: "failed",
      progress: 1,
      error: { code: "UPSTREAM_STATUS", detail: "Answered 500" },
    });
  });

  test.each<[Record<string, string>, string[]]>([
    [{ state: "queued" }, ["b1", "a5", "a4"]],
    [{ state: "running" }, ["a3"]],
    [{ state: "failed" }, ["a2"]],
    [{ state: "succeeded" }, ["a1"]],
    [{ source_id: "a" }, ["a5", "a4", "a3", "a2", "a1"]],
    [{ source_id: "b" }, ["b1"]],
    [{ source_id: "c" }, []],
    [{ source_id: "a", state: "queued" }, ["a5", "a4"]],
    [{ source_id: "b", state: "failed" }, []],
  ])("%j", async (query, names) => {
    expect(await namesOf(query)).toEqual(names);
  });

  test("pages through them, each once, whatever is queued meanwhile", async () => {
    const query = { source_id: "a", limit: "2" };
    const first = await pageOf(query);
    await readKey("a", "6");
    await service.sql`update tasks set id = 't_f' || lpad('', 31, '0') where key = '/weather/6'`;
    const second = await pageOf({ ...query, cursor: first.next_cursor });
    const third = await pageOf({ ...query, cursor: second.next_cursor });

    const keys = [first, second, third].map(({ items }) =>
      items.map(({ key }: { key: string }) => key.slice(-1)),
    );
    expect(keys).toEqual([["5", "4"], ["3", "2"], ["1"]]);
    expect(third.next_cursor).toBeNull();
    await service.sql`delete from tasks where key = '/weather/6'`;
  });

  test.each<[string, string, string]>([
    ["state", "done", "state"],
    ["state", "", "state"],
    ["state", "Queued", "state"],
    ["state", "queued,running", "state"],
    ["limit", "0", "limit"],
    ["limit", "1001", "limit"],
    ["limit", "-1", "limit"],
    ["limit", "abc", "limit"],
    ["cursor", "abc", "cursor"],
    ["cursor", "", "cursor"],
  ])("%s=%j is 422", async (name, value, field) => {
    await expectProblem(await list({ [name]: value }), 422, [field]);
  });

  test("a cursor of other filters, of the list of keys, or changed is 422", async () => {
    const { next_cursor: cursor } = await pageOf({ limit: "1" });
    const changed = `${cursor[0] === "A" ? "B" : "A"}${cursor.slice(1)}`;

    await expectProblem(await list({ cursor, state: "queued" }), 422, ["cursor"]);
    await expectProblem(await list({ cursor, source_id: "a" }), 422, ["cursor"]);
    await expectProblem(await list({ cursor: changed }), 422, ["cursor"]);
    const keys = await service.request(`/api/v1/cache/a/list?cursor=${cursor}`);
    await expectProblem(keys, 422, ["cursor"]);
    expect((await list({ cursor, limit: "3" })).status).toBe(200);
  });

  test("an unknown source is 404, a stranger gets 401, a guest may look", async () => {
    const guest = await addGuest(service);
    const stranger = { authorization: "Bearer nobody" };

    await expectProblem(await list({ source_id: "unknown" }), 404);
    await expectProblem(await list({ source_id: "" }), 404);
    await expectProblem(
      await service.request("/api/v1/tasks", { headers: stranger }),
      401,
    );
    const looked = await service.request("/api/v1/tasks", { headers: guest });
    expect(looked.status).toBe(200);
  });

  test("two credentials that differ are 400", async () => {
    const headers = { authorization: "Bearer one", "x-api-key": "two" };

    await expectProblem(await service.request("/api/v1/tasks", { headers }), 400);
  });

  test("while the store is away is 503", async () => {
    await using database = await testDatabase();
    await using wire = await cuttable(database);
    await using own = await testService({ worker: "off", address: { url: wire.url } });

    await wire.cut();
    const response = await list({}, own);
    await wire.mend();

    await expectProblem(response, 503);
    expect(response.headers.get("Retry-After")).toBe("1");
  }, 60_000);
});
