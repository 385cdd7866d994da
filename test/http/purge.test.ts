import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { Effect } from "effect";
import { tokenHash } from "../../src/domain/access/token.ts";
import { TokenStore } from "../../src/services/access/token-store.ts";
import { ChangeBus } from "../../src/services/change-bus.ts";
import { jsonOf, type TestService, testService } from "../support/service.ts";
import {
  act,
  inventoryEntries,
  inventorySources,
  nameOf,
  readable,
  store,
  type Stored,
  unreachedAfter,
} from "./inventory.ts";

let service: TestService;
const entries = inventoryEntries([1, 2]);

beforeAll(async () => {
  service = await testService({ worker: "off" });
  await inventorySources(service);
});
afterAll(async () => {
  await service[Symbol.asyncDispose]();
});
beforeEach(async () => {
  await act(service, "purge", { all: true });
  await store(service, entries);
  expect(await readable(service, entries)).toHaveLength(entries.length);
});

const everything = () => true;
const ofSource =
  (id: string) =>
  ({ source }: Stored) =>
    source === id;

describe("POST /api/v1/cache/actions/purge", () => {
  test.each<[object, (entry: Stored) => boolean]>([
    [{ all: true }, everything],
    [{ source_id: "rules" }, ofSource("rules")],
    [{ source_id: "rules", key: "rules//%6Dysql/" }, ({ key }) => key === "/rules/mysql"],
    [{ source_id: "rules", key: "/rules/mongo" }, () => false],
    [
      { source_id: "accounts", prefix: "/instances/1" },
      ({ source, params }) => source === "accounts" && params["instance_id"] === "1",
    ],
    [{ source_id: "accounts", prefix: "" }, ofSource("accounts")],
    [{ source_id: "accounts", prefix: "/rules" }, () => false],
    [{ params: { username: "ada" } }, ({ params }) => params["username"] === "ada"],
    [
      { params: { username: "ada", instance_id: "2" } },
      ({ params }) => params["username"] === "ada" && params["instance_id"] === "2",
    ],
    [
      { source_id: "grants", params: { username: "ADA" } },
      ({ source, params }) => source === "grants" && params["username"] === "ada",
    ],
    [{ source_id: "rules", params: { username: "ada" } }, () => false],
    [
      { source_id: "rules", key: "/rules/mysql", params: { db_type: "oracle" } },
      () => false,
    ],
    [{ params: { city: "Oslo" }, soft: false }, ofSource("weather")],
  ])("purges by %j exactly what it selects", async (body, gone) => {
    const since = performance.now();
    const response = await act(service, "purge", body);
    const unreached_processes = unreachedAfter(performance.now() - since);

    expect([response.status, (await jsonOf(response)).data]).toEqual([
      200,
      { cleared_entries: entries.filter(gone).length, unreached_processes },
    ]);
    expect(await readable(service, entries)).toEqual(
      entries.filter((entry) => !gone(entry)).map(nameOf),
    );
  });

  test("softly leaves what it selects as a fallback, and counts it once", async () => {
    const asked = { params: { instance_id: "1" }, soft: true };

    const counts = [];
    for (let time = 0; time < 2; time++) {
      const response = await act(service, "purge", asked);
      counts.push((await jsonOf(response)).data.cleared_entries);
    }

    expect(counts).toEqual([6, 0]);
    const [fallback] = await service.sql`
      select count(*)::int as count from entries
      where stale_until <= uc_now() and fallback_until > uc_now()`;
    expect(fallback?.["count"]).toBe(6);
    const path = `/api/v1/cache/accounts/${encodeURIComponent("/instances/1/accounts/ada")}`;
    const read = await service.request(path, { headers: { "X-UC-Cache-Only": "1" } });
    expect(read.headers.get("X-UC-Cache")).toBe("STALE");
  });

  test("takes more than one part where it selects very much, and counts all", async () => {
    const [source] = await service.sql`select epoch from sources where id = 'weather'`;
    const space = `s${source?.["epoch"]}`;
    await service.sql`
      insert into entries (
        space, key, key_hash, status, headers, encoding, body, etag, params,
        stored_at, fresh_until, stale_until, fallback_until, request_at, response_at
      )
      select ${space}, '/weather/' || n, sha256(('k' || n)::bytea), 200, '[]', 'json',
        '1', 'W/"x"', jsonb_build_object('city', n::text), 0, 9e15, 9e15, 9e15, 0, 0
      from generate_series(1, 21000) n`;

    const softly = await act(service, "purge", { source_id: "weather", soft: true });
    const response = await act(service, "purge", { source_id: "weather" });

    expect((await jsonOf(softly)).data.cleared_entries).toBe(21_001);
    expect((await jsonOf(response)).data.cleared_entries).toBe(21_001);
    const left = await service.sql`select 1 from entries where space = ${space}`;
    expect(left.count).toBe(0);
    const records = await service.sql`
      select details from audit_records where action = 'cache.purge' order by id desc limit 1`;
    const counts = { entries: 1_001, part: 2, entries_so_far: 21_001, complete: true };
    expect(records[0]?.["details"]).toMatchObject(counts);
  }, 60_000);

  test.each<[object, string]>([
    [{}, "body"],
    [{ soft: true }, "body"],
    [{ all: false }, "body"],
    [{ all: true, source_id: "rules" }, "all"],
    [{ all: "true" }, "all"],
    [{ key: "/rules/mysql" }, "key"],
    [{ prefix: "/rules" }, "prefix"],
    [{ source_id: "" }, "source_id"],
    [{ source_id: "rules", key: "/elsewhere" }, "key"],
    [{ source_id: "rules", key: "/rules/%ZZ" }, "key"],
    [{ source_id: "rules", prefix: "/rules/%Z" }, "prefix"],
    [{ source_id: "rules", key: "/rules/\0" }, "key"],
    [{ params: {} }, "params"],
    [{ params: { username: 7 } }, "params.username"],
    [{ params: { username: "\0" } }, "params.username"],
    [{ params: { username: "\ud800" } }, "params.username"],
    [{ params: ["ada"] }, "params"],
    [{ params: { username: "ada" }, everything: true }, "everything"],
  ])("answers 400 for %j, naming the field, and purges nothing", async (body, field) => {
    const response = await act(service, "purge", body);

    const answer = await jsonOf(response);
    expect([response.status, answer.message_code]).toEqual([400, "VALIDATION_ERROR"]);
    expect(answer.context.errors[0].field).toBe(field);
    expect(await readable(service, entries)).toHaveLength(entries.length);
  });

  test.each([
    { source_id: "nowhere" },
    { project: "nowhere" },
    { project: "nowhere", apiProxy: "orders" },
    { apiProxy: "nowhere" },
    { source_id: "weather", apiProxy: "nowhere" },
  ])("answers 404 for %j, which there is not", async (body) => {
    const response = await act(service, "purge", body);

    expect([response.status, (await jsonOf(response)).message_code]).toEqual([
      404,
      "RESOURCE_NOT_FOUND",
    ]);
  });

  test("lets a token that is restricted to a source purge that one and no other", async () => {
    const headers = await restrictedTo("rules");
    const purgeAs = (body: object) =>
      service.request("/api/v1/cache/actions/purge", {
        method: "POST",
        headers: { ...headers, "content-type": "application/json" },
        body: JSON.stringify(body),
      });

    const refused = [
      [{ all: true }, 403],
      [{ params: { username: "ada" } }, 403],
      [{ project: "shop" }, 403],
      [{ source_id: "accounts" }, 404],
      [{ source_id: "accounts", key: "/x" }, 404],
      [{ source_id: "nowhere" }, 404],
    ] as const;
    for (const [body, status] of refused) {
      expect([body, (await purgeAs(body)).status]).toEqual([body, status]);
    }
    const [foreign, unknown] = await Promise.all(
      ["accounts", "nowhere"].map(async (source_id) => {
        const { message } = await jsonOf(await purgeAs({ source_id }));
        return String(message).replace(source_id, "");
      }),
    );
    expect(foreign).toBe(unknown);
    expect(await readable(service, entries)).toHaveLength(entries.length);
    expect((await purgeAs({ source_id: "rules" })).status).toBe(200);
    expect(await readable(service, entries.filter(ofSource("rules")))).toEqual([]);
  });
});

/** What a token of an admin sends who is restricted to one source. */
async function restrictedTo(sourceId: string) {
  const token = "restricted-token-0123456789";
  await service.run(
    Effect.gen(function* () {
      const bus = yield* ChangeBus;
      yield* (yield* TokenStore).add({
        id: "restricted-1",
        name: "restricted",
        role: "admin",
        hash: tokenHash(token),
        sources: [sourceId],
        projects: undefined,
        expiresAt: undefined,
      });
      yield* bus.appliedHere(yield* bus.log({ _tag: "TokensChanged" }));
    }),
  );
  return { authorization: `Bearer ${token}` };
}
