import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { cuttable } from "../support/cuttable.ts";
import { testDatabase } from "../support/postgres.ts";
import { jsonOf, type TestService, testService } from "../support/service.ts";
import { bodyOf, HOUR, makeSource, MINUTE, storeEntry } from "./stored-entries.ts";

let service: TestService;

beforeAll(async () => {
  service = await testService({ worker: "off" });
  await makeSource(service, "weather");
});
afterAll(() => service[Symbol.asyncDispose]());

const pathOf = (key: string, id = "weather") =>
  `/api/v1/cache/${id}/${encodeURIComponent(key)}`;
const meta = (key: string, on = service) => on.request(`${pathOf(key)}/meta`);
const tasks = async () => {
  const [row] = await service.sql`select count(*)::int as count from tasks`;
  return row?.["count"];
};
const expectProblem = async (response: Response, status: number) => {
  expect([response.status, (await jsonOf(response)).status]).toEqual([status, status]);
};

describe("GET /api/v1/cache/{source_id}/{key}/meta", () => {
  test("is one flat object: the meta of a read, and the bytes of the body", async () => {
    await storeEntry(service, "weather", "/weather/Oslo", 0, {
      ...bodyOf('{"temp":1}'),
      params: { city: "Oslo" },
    });

    const response = await meta("/weather/Oslo");
    const read = await jsonOf(await service.request(pathOf("/weather/Oslo")));

    const body = await jsonOf(response);
    expect(response.status).toBe(200);
    expect(body).toEqual({ ...read.meta, bytes: 10 });
    expect(body).toMatchObject({ key: "/weather/Oslo", stale: false, ttl_s: 600 });
    expect(body).not.toHaveProperty("data");
  });

  test("has the headers of a read but for the tag, which is in the body", async () => {
    await storeEntry(service, "weather", "/weather/aged", 100_000);

    const { headers } = await meta("/weather/aged");

    expect(headers.get("X-UC-Cache")).toBe("HIT");
    expect(Number(headers.get("X-UC-Age"))).toBeWithin(100, 130);
    expect(headers.get("Cache-Control")).toBe("no-cache");
    expect(headers.get("ETag")).toBeNull();
    expect(headers.get("X-RateLimit-Limit")).toBe("5");
    expect(headers.get("Content-Type")).toBe("application/json; charset=utf-8");
  });

  test.each([
    ["stale", 11 * MINUTE],
    ["fallback", HOUR],
  ])("%s: says so, and queues nothing", async (state, age) => {
    const key = `/weather/${state}`;
    await storeEntry(service, "weather", key, age);

    const response = await meta(key);

    expect(response.headers.get("X-UC-Cache")).toBe("STALE");
    expect((await jsonOf(response)).stale).toBe(true);
    expect(await tasks()).toBe(0);
  });

  test("absent and expired: 404, and nothing is queued", async () => {
    await storeEntry(service, "weather", "/weather/expired", 25 * HOUR);

    for (const key of ["/weather/absent", "/weather/expired"]) {
      const response = await meta(key);

      expect(response.status).toBe(404);
      expect((await jsonOf(response)).code).toBe("ENTRY_NOT_FOUND");
    }
    expect(await tasks()).toBe(0);
  });

  test("tells of a refresh that another reader had queued", async () => {
    await makeSource(service, "queued");
    await service.request(pathOf("/weather/a", "queued"));
    await storeEntry(service, "queued", "/weather/a");

    const body = await jsonOf(
      await service.request(`${pathOf("/weather/a", "queued")}/meta`),
    );

    expect(body.refresh_state).toBe("queued");
    await service.sql`delete from tasks where source_id = 'queued'`;
  });

  test("means the key in whatever spelling", async () => {
    await storeEntry(service, "weather", "/weather/a%2Fb");

    expect((await jsonOf(await meta(" weather//a%2fb "))).key).toBe("/weather/a%2Fb");
  });

  test.each([
    ["a dot segment", "%2F..", 400],
    ["a broken escape", "%2Fa%ZZ", 400],
    ["NUL", "%2Fweather%2F%00", 400],
    ["another path", "%2Fother", 422],
    ["one too long", `%2Fweather%2F${"a".repeat(2_040)}`, 422],
  ])("a key that is none, %s, is refused", async (_, raw, status) => {
    const response = await service.request(`/api/v1/cache/weather/${raw}/meta`);

    await expectProblem(response, status);
  });

  test("a source that is none is 404, a stranger gets 401", async () => {
    const path = `${pathOf("/weather/Oslo", "unknown")}/meta`;
    const stranger = { headers: { authorization: "Bearer nobody" } };

    await expectProblem(await service.request(path), 404);
    await expectProblem(await service.request(path, stranger), 401);
  });

  test("by HEAD has the same headers", async () => {
    await storeEntry(service, "weather", "/weather/head");

    const response = await service.request(`${pathOf("/weather/head")}/meta`, {
      method: "HEAD",
    });

    expect([response.status, await response.text()]).toEqual([200, ""]);
    expect(response.headers.get("X-UC-Cache")).toBe("HIT");
  });

  test("while the store is away: what is in memory, else 503", async () => {
    await using database = await testDatabase();
    await using wire = await cuttable(database);
    await using own = await testService({ worker: "off", address: { url: wire.url } });
    await makeSource(own, "weather");
    await storeEntry(own, "weather", "/weather/Oslo");
    await meta("/weather/Oslo", own);

    await wire.cut();
    const held = await meta("/weather/Oslo", own);
    const away = await meta("/weather/Bergen", own);
    await wire.mend();

    expect(held.status).toBe(200);
    await expectProblem(away, 503);
  }, 60_000);
});
