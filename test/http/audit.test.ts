import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { addToken } from "./own-tokens.ts";
import { jsonOf, type TestService, testService } from "../support/service.ts";
import { makeSource, storeEntry } from "./stored-entries.ts";

let service: TestService;
beforeAll(async () => {
  service = await testService({
    worker: "off",
    environment: { UC_TRUSTED_PROXIES: "10.0.0.0/8" },
  });
});
afterAll(() => service[Symbol.asyncDispose]());

const list = (query: Record<string, string> = {}, init: RequestInit = {}) =>
  service.request(`/api/v1/audit?${new URLSearchParams(query)}`, init);
const pageOf = async (query: Record<string, string> = {}) => {
  const response = await list(query);
  expect(response.status).toBe(200);
  return jsonOf(response);
};
const recordsOf = async (target: string) => {
  const { items } = await pageOf({ limit: "1000" });
  return items.filter((item: { target: string }) => item.target === target);
};
const patch = (id: string, body: object) =>
  service.send("PATCH", `/api/v1/sources/${id}`, body);

describe("what is recorded", () => {
  test("says who, when, from where and in which request", async () => {
    const response = await service.request(
      "/api/v1/sources",
      {
        method: "POST",
        headers: {
          "Content-Type": "application/json",
          "X-Request-Id": "the-request",
          "X-Forwarded-For": "1.1.1.1, 2001:DB8::7",
        },
        body: JSON.stringify({
          id: "made",
          base_url: "http://127.0.0.1:9",
          key_template: "/{{path*}}",
          default_headers: { Authorization: "hunter2" },
          rate_limit: { per_minute: 7, burst: 2 },
        }),
      },
      "10.0.0.1",
    );

    expect(response.status).toBe(201);
    const [record, ...others] = await recordsOf("made");
    expect(others).toEqual([]);
    expect(record).toEqual({
      id: expect.any(Number),
      at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      actor: "token:bootstrap",
      actor_name: "bootstrap admin",
      address: "2001:db8::7",
      request_id: "the-request",
      action: "source.create",
      target: "made",
      details: {
        base_url: "http://127.0.0.1:9",
        rate_limit: { per_minute: 7, burst: 2 },
      },
    });
    expect(Math.abs(Date.parse(record.at) - Date.now())).toBeLessThan(10_000);
  });

  test("names what was changed of a source, the limit with its values, and no secret", async () => {
    await makeSource(service, "changed", { default_headers: { "X-Key": "hunter2" } });
    const changed = await patch("changed", {
      rate_limit: { per_minute: 60 },
      default_headers: { "X-Key": "hunter3" },
      cache_ttl_s: 5,
    });
    expect(changed.status).toBe(200);

    const [record] = await recordsOf("changed");
    expect(record).toMatchObject({ action: "source.change" });
    expect(record.details).toEqual({
      fields: expect.arrayContaining(["rate_limit", "default_headers", "cache_ttl_s"]),
      rate_limit: { from: { per_minute: 5 }, to: { per_minute: 60 } },
    });
    const [row] = await service.sql<{ found: boolean }[]>`
      select bool_or(details::text ~ 'hunter') as found from audit_records`;
    expect(row?.found).toBe(false);
  });

  test("has the deletion of a source, the invalidation of an entry, the end of a task", async () => {
    await makeSource(service, "gone");
    await storeEntry(service, "gone", "/weather/Oslo");
    const entry = "/api/v1/cache/gone/%2Fweather%2FOslo";
    const asked = await service.request(`${entry}/invalidate`, { method: "POST" });
    const again = await service.request(`${entry}/invalidate?soft=1`, { method: "POST" });
    const { task_id } = await jsonOf(
      await service.request(`${entry}/refresh`, { method: "POST" }),
    );
    const cancelled = await service.request(`/api/v1/tasks/${task_id}`, {
      method: "DELETE",
    });
    const deleted = await service.request("/api/v1/sources/gone?keep_cache=1", {
      method: "DELETE",
    });
    expect([asked, again, cancelled, deleted].map(({ status }) => status)).toEqual([
      204, 204, 200, 204,
    ]);

    const records = [...(await recordsOf("gone")), ...(await recordsOf(task_id))];
    expect(records).toMatchObject([
      { action: "source.delete", details: { keep_cache: true } },
      {
        action: "entry.invalidate",
        details: { key: "/weather/Oslo", soft: true, entries: 0 },
      },
      {
        action: "entry.invalidate",
        details: { key: "/weather/Oslo", soft: false, entries: 1 },
      },
      { action: "source.create" },
      { action: "task.cancel", target: task_id },
    ]);
  });

  test("has the bootstrap token's replacement as the system's own act", async () => {
    expect(await recordsOf("bootstrap")).toMatchObject([
      {
        action: "token.replace",
        actor: "system",
        actor_name: "system",
        address: null,
        request_id: null,
        details: {},
      },
    ]);
  });

  test("has nothing of what was refused or failed", async () => {
    await makeSource(service, "kept");
    const before = await recordsOf("kept");

    const refused = [
      await patch("kept", { rate_limit: { per_minute: 0 } }),
      await patch("kept", { base_url: "ftp://a.test" }),
      await service.send("POST", "/api/v1/sources", {
        id: "kept",
        base_url: "http://127.0.0.1:9",
        key_template: "/{{path*}}",
      }),
      await service.request("/api/v1/sources/kept", {
        method: "DELETE",
        headers: { "X-API-Key": "wrong-token" },
      }),
    ];

    expect(refused.map(({ status }) => status)).toEqual([422, 422, 409, 401]);
    expect(await recordsOf("kept")).toEqual(before);
  });
});

describe("a change", () => {
  const entry = "/api/v1/cache/unlucky/%2Fweather%2FOslo";
  const statusOf = async (method: string, path: string, body?: object) =>
    (await service.send(method, path, body ?? {})).status;
  /** Everything that the changes below would change. */
  const standing = async () => {
    const [row] = await service.sql`
      select (select count(*)::int from sources) as sources,
        (select count(*)::int from entries) as entries,
        (select name from sources where id = 'unlucky') as name,
        (select state from tasks where source_id = 'unlucky') as task,
        (select max(seq)::int from changes) as seq`;
    return row;
  };

  test("whose record can't be kept is not made", async () => {
    await makeSource(service, "unlucky");
    await storeEntry(service, "unlucky", "/weather/Oslo");
    const asked = await service.request(`${entry}/refresh`, { method: "POST" });
    const { task_id } = await jsonOf(asked);
    const before = await standing();
    expect(before).toMatchObject({ name: "unlucky", task: "queued" });
    await service.sql`
      alter table audit_records add constraint unlucky check (false) not valid`;

    const draft = {
      id: "never",
      base_url: "http://127.0.0.1:9",
      key_template: "/{{path*}}",
    };
    const statuses = [
      await statusOf("POST", "/api/v1/sources", draft),
      await statusOf("PATCH", "/api/v1/sources/unlucky", { name: "lucky" }),
      await statusOf("POST", `${entry}/invalidate`),
      await statusOf("DELETE", `/api/v1/tasks/${task_id}`),
      await statusOf("DELETE", "/api/v1/sources/unlucky"),
    ];

    await service.sql`alter table audit_records drop constraint unlucky`;
    expect(statuses).toEqual([500, 500, 500, 500, 500]);
    expect(await standing()).toEqual(before);
  });
});

describe("GET /api/v1/audit", () => {
  test("goes through the whole trail once, newest first, whatever the page", async () => {
    for (const id of ["p1", "p2", "p3", "p4", "p5"]) await makeSource(service, id);
    // Five of one instant among them.
    await service.sql`update audit_records set at = 5000 where target ~ '^p[1-5]$'`;
    const whole = (await pageOf({ limit: "1000" })).items;
    expect(whole.length).toBeGreaterThan(5);

    for (const limit of ["1", "3"]) {
      const seen: unknown[] = [];
      let cursor: string | null = "";
      while (cursor !== null) {
        const page: any = await pageOf(cursor === "" ? { limit } : { limit, cursor });
        expect(page.items.length).toBeLessThanOrEqual(Number(limit));
        seen.push(...page.items);
        cursor = page.next_cursor;
      }
      expect(seen).toEqual(whole);
    }
    const times = whole.map(({ at }: { at: string }) => at);
    expect(times).toEqual(times.toSorted().toReversed());
  });

  test("is narrowed by action, actor and time", async () => {
    await makeSource(service, "early");
    await service.sql`
      update audit_records set at = ${Date.parse("2001-02-03T04:05:06Z")}, actor = 'user:9'
      where target = 'early'`;
    const found = async (query: Record<string, string>) =>
      (
        await pageOf({
          ...query,
          to: "2002-01-01T00:00:00Z",
          from: "2000-01-01T00:00:00Z",
        })
      ).items.length;

    expect(await found({})).toBe(1);
    expect(await found({ action: "source.create" })).toBe(1);
    expect(await found({ action: "source.delete" })).toBe(0);
    expect(await found({ actor: "user:9" })).toBe(1);
    expect(await found({ actor: "token:bootstrap" })).toBe(0);
    const at = async (query: Record<string, string>) => (await pageOf(query)).items;
    expect(
      await at({ from: "2001-02-03T05:05:06+01:00", to: "2001-02-03T04:05:06.001Z" }),
    ).toHaveLength(1);
    expect(
      await at({ from: "2001-02-03T04:05:06.001Z", to: "2002-01-01T00:00:00Z" }),
    ).toEqual([]);
    expect(
      await at({ from: "2001-01-01T00:00:00Z", to: "2001-02-03T04:05:06Z" }),
    ).toEqual([]);
  });

  test.each([
    ["action", "source.explode"],
    ["actor", "a\0b"],
    ["actor", ""],
    ["actor", "x".repeat(301)],
    ["from", "yesterday"],
    ["to", "2026-01-31"],
    ["to", "2026-02-30T00:00:00Z"],
    ["limit", "0"],
    ["cursor", "made-up"],
  ])("answers 422 to %s=%p", async (name, value) => {
    const response = await list({ [name]: value });

    expect(response.status).toBe(422);
    expect(await jsonOf(response)).toMatchObject({ errors: [{ field: name }] });
  });

  test("takes no cursor of the trail narrowed otherwise", async () => {
    const { next_cursor: cursor } = await pageOf({ limit: "1" });

    expect((await list({ cursor, action: "source.create" })).status).toBe(422);
    expect((await list({ cursor, from: "2000-01-01T00:00:00Z" })).status).toBe(422);
    expect((await list({ cursor })).status).toBe(200);
  });

  test("is for admins who may see every source", async () => {
    const user = await addToken(service, { role: "user" });
    const restricted = await addToken(service, { role: "admin", sources: ["made"] });

    expect((await list({}, { headers: { "X-API-Key": user } })).status).toBe(403);
    expect((await list({}, { headers: { "X-API-Key": restricted } })).status).toBe(403);
    expect((await list({}, { headers: { "X-API-Key": "wrong" } })).status).toBe(401);
  });
});
