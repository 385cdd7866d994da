import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { cuttable } from "../support/cuttable.ts";
import { testDatabase } from "../support/postgres.ts";
import { jsonOf, type TestService, testService } from "../support/service.ts";
import { bodyOf, HOUR, makeSource, MINUTE, storeEntry } from "./stored-entries.ts";

let service: TestService;

beforeAll(async () => {
  service = await testService({ worker: "off" });
  await makeSource(service, "open", { key_template: "/{{path*}}" });
});
afterAll(() => service[Symbol.asyncDispose]());

const list = (id: string, query: Record<string, string> = {}, on = service) =>
  on.request(`/api/v1/cache/${id}/list?${new URLSearchParams(query)}`);
const pageOf = async (id: string, query: Record<string, string> = {}) => {
  const response = await list(id, query);
  expect(response.status).toBe(200);
  return jsonOf(response);
};
const keysOf = async (id: string, query: Record<string, string> = {}) => {
  const { items } = await pageOf(id, query);
  return items.map(({ key }: { key: string }) => key);
};
/** Every page from the first to the last. */
const allPages = async (id: string, query: Record<string, string>) => {
  const pages: string[][] = [];
  let cursor: string | null = null;
  do {
    const page = await pageOf(id, cursor === null ? query : { ...query, cursor });
    pages.push(page.items.map(({ key }: { key: string }) => key));
    cursor = page.next_cursor;
  } while (cursor !== null);
  return pages;
};
const fill = async (id: string, keys: readonly string[], age = 0) => {
  for (const key of keys) await storeEntry(service, id, key, age);
};
const expectProblem = async (response: Response, status: number, fields?: string[]) => {
  const body = await jsonOf(response);
  expect([response.status, body.status]).toEqual([status, status]);
  if (fields !== undefined) {
    expect(body.errors.map(({ field }: { field: string }) => field)).toEqual(fields);
  }
};

describe("GET /api/v1/cache/{source_id}/list", () => {
  test("shows key, age and size of what is stored, in byte order", async () => {
    await makeSource(service, "shown");
    await storeEntry(service, "shown", "/weather/b", 0, bodyOf("12345"));
    await storeEntry(service, "shown", "/weather/a", 11 * MINUTE, bodyOf("1"));
    await storeEntry(service, "shown", "/weather/Z", HOUR, bodyOf('"€"'));
    await storeEntry(service, "shown", "/weather/%C3%A4", 0, { body: new Uint8Array() });

    const page = await pageOf("shown");

    const expires_at = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    expect(page).toEqual({
      items: [
        { key: "/weather/%C3%A4", stale: false, expires_at, bytes: 0 },
        { key: "/weather/Z", stale: true, expires_at, bytes: 5 },
        { key: "/weather/a", stale: true, expires_at, bytes: 1 },
        { key: "/weather/b", stale: false, expires_at, bytes: 5 },
      ],
      next_cursor: null,
    });
    const ahead = Date.parse(page.items[3].expires_at) - Date.now();
    expect(ahead).toBeWithin(9 * MINUTE, 10 * MINUTE + 1);
  });

  test("is empty for a source that has nothing", async () => {
    await makeSource(service, "empty");

    expect(await pageOf("empty")).toEqual({ items: [], next_cursor: null });
  });

  test("pages through all of them, each once, with 50 to a page where nothing is said", async () => {
    await makeSource(service, "paged");
    const keys = Array.from({ length: 120 }, (_, index) => `/weather/${1_000 + index}`);
    await fill("paged", keys);

    const usual = await allPages("paged", {});
    const small = await allPages("paged", { limit: "40" });
    const one = await allPages("paged", { limit: "1" });
    const most = await allPages("paged", { limit: "1000" });

    expect(usual.map(({ length }) => length)).toEqual([50, 50, 20]);
    expect(small.map(({ length }) => length)).toEqual([40, 40, 40]);
    expect(one).toHaveLength(120);
    expect(most).toHaveLength(1);
    for (const pages of [usual, small, one, most]) expect(pages.flat()).toEqual(keys);
  });

  test("goes on after what it showed, whatever was stored or removed meanwhile", async () => {
    await makeSource(service, "moving");
    await fill("moving", ["/weather/b", "/weather/c", "/weather/d", "/weather/e"]);

    const first = await pageOf("moving", { limit: "2" });
    await fill("moving", ["/weather/a", "/weather/cc"]);
    await service.sql`delete from entries where key in ('/weather/c', '/weather/d')`;
    const rest = await keysOf("moving", { cursor: first.next_cursor });

    expect(first.items.map(({ key }: any) => key)).toEqual(["/weather/b", "/weather/c"]);
    expect(rest).toEqual(["/weather/cc", "/weather/e"]);
  });

  test("shows nothing that has expired; a page may be short, or empty, and go on", async () => {
    await makeSource(service, "expired");
    await fill("expired", ["/weather/a", "/weather/b", "/weather/c"], 25 * HOUR);
    await fill("expired", ["/weather/bb", "/weather/d"]);

    expect(await allPages("expired", { limit: "2" })).toEqual([
      [],
      ["/weather/bb"],
      ["/weather/d"],
    ]);
  });

  test("shows no key of another source, nor of the same one before it was made again", async () => {
    await makeSource(service, "again");
    await fill("again", ["/weather/before"]);
    await service.request("/api/v1/sources/again", { method: "DELETE" });
    await makeSource(service, "again");
    await fill("again", ["/weather/after"]);

    expect(await keysOf("again")).toEqual(["/weather/after"]);
  });

  test("hits and queues nothing", async () => {
    await makeSource(service, "quiet");
    await fill("quiet", ["/weather/a"], HOUR);

    await pageOf("quiet");

    const [tasks] = await service.sql`
      select count(*)::int as count from tasks where source_id = 'quiet'`;
    expect(tasks?.["count"]).toBe(0);
  });
});

describe("list by prefix", () => {
  const keys = [
    "/a",
    "/a/%E4%B8%8A",
    "/a/b",
    "/a/b?x=1&y=2",
    "/a/bc",
    "/ab",
    "/b/.well-known",
    "/~",
  ];

  beforeAll(() => fill("open", keys));

  test.each<[string, string[]]>([
    ["", keys],
    ["/", keys],
    ["/a", keys.slice(0, 6)],
    ["a", keys.slice(0, 6)],
    ["//a/", keys.slice(1, 5)],
    ["/a/b", keys.slice(2, 5)],
    ["/a/b?", ["/a/b?x=1&y=2"]],
    ["/a/b?x=1&", ["/a/b?x=1&y=2"]],
    ["/a/上", ["/a/%E4%B8%8A"]],
    ["/a/%E4%B8%8A", ["/a/%E4%B8%8A"]],
    ["/b/.", ["/b/.well-known"]],
    ["/~", ["/~"]],
    ["/A", []],
    ["/a/b/", []],
    ["/zzz", []],
    ["/a/b%", []],
  ])("%j", async (prefix, expected) => {
    if (prefix === "/a/b%") {
      return expectProblem(await list("open", { prefix }), 400, ["prefix"]);
    }
    expect(await keysOf("open", { prefix })).toEqual(expected);
    return undefined;
  });

  test("pages within the prefix", async () => {
    expect(await allPages("open", { prefix: "/a/", limit: "3" })).toEqual([
      keys.slice(1, 4),
      keys.slice(4, 5),
    ]);
  });

  test.each<[string, string, number]>([
    ["a broken escape", "/a/%zz", 400],
    ["half a character", "/a/%E4%B8", 400],
    ["NUL", "/a\0", 400],
    ["a dot segment that has ended", "/../", 400],
    ["one longer than any key", `/${"a".repeat(2_048)}`, 422],
  ])("%s is refused", async (_, prefix, status) => {
    await expectProblem(await list("open", { prefix }), status, ["prefix"]);
  });

  test("a broken escape of the query string is 400, two prefixes are 422", async () => {
    const path = "/api/v1/cache/open/list";

    await expectProblem(await service.request(`${path}?prefix=%ZZ`), 400, ["prefix"]);
    await expectProblem(await service.request(`${path}?prefix=a&prefix=b`), 422, [
      "prefix",
    ]);
  });
});

describe("list by cursor and limit", () => {
  const cursorOf = async (id: string, query: Record<string, string> = {}) =>
    (await pageOf(id, { limit: "1", ...query })).next_cursor as string;

  beforeAll(async () => {
    await makeSource(service, "cursors");
    await fill("cursors", ["/weather/a", "/weather/b", "/weather/c"]);
    await makeSource(service, "others");
    await fill("others", ["/weather/a", "/weather/b", "/weather/c"]);
  });

  test.each(["0", "1001", "-1", "abc", "", "1.5", "1e2", "0x10", " 5", "９", "9999999"])(
    "limit=%j is 422",
    async (limit) => {
      await expectProblem(await list("cursors", { limit }), 422, ["limit"]);
    },
  );

  test.each(["1", "50", "1000", "007"])("limit=%s is read", async (limit) => {
    expect((await list("cursors", { limit })).status).toBe(200);
  });

  test.each(["", "abc", ".", "null", "AAAA.AAAA", "\0", "%ZZ"])(
    "cursor=%j is 422",
    async (cursor) => {
      await expectProblem(await list("cursors", { cursor }), 422, ["cursor"]);
    },
  );

  test("one of another source, prefix or list is 422, with its own it goes on", async () => {
    const cursor = await cursorOf("cursors");
    const prefixed = await cursorOf("cursors", { prefix: "/weather/" });

    await expectProblem(await list("others", { cursor }), 422, ["cursor"]);
    await expectProblem(await list("cursors", { cursor, prefix: "/w" }), 422, ["cursor"]);
    await expectProblem(await list("cursors", { cursor: prefixed }), 422, ["cursor"]);
    const tasks = await service.request(`/api/v1/tasks?cursor=${cursor}`);
    await expectProblem(tasks, 422, ["cursor"]);
    expect(await keysOf("cursors", { cursor })).toEqual(["/weather/b", "/weather/c"]);
    expect(await keysOf("cursors", { cursor: prefixed, prefix: "weather/" })).toEqual([
      "/weather/b",
      "/weather/c",
    ]);
  });

  test("one that was changed is 422", async () => {
    const cursor = await cursorOf("cursors");
    const at = 3;
    const changed = `${cursor.slice(0, at)}${cursor[at] === "A" ? "B" : "A"}${cursor.slice(at + 1)}`;

    await expectProblem(await list("cursors", { cursor: changed }), 422, ["cursor"]);
  });

  test("one of a source that was made again since is 422", async () => {
    await makeSource(service, "reborn");
    await fill("reborn", ["/weather/a", "/weather/b"]);
    const cursor = await cursorOf("reborn");
    await service.request("/api/v1/sources/reborn", { method: "DELETE" });
    await makeSource(service, "reborn");

    await expectProblem(await list("reborn", { cursor }), 422, ["cursor"]);
  });

  test("a cursor of one process is good in another, and shows no key in clear", async () => {
    await using other = await testService({ worker: "off", address: service.address });
    const cursor = await cursorOf("cursors");

    const page = await jsonOf(await list("cursors", { cursor }, other));

    expect(page.items).toHaveLength(2);
    expect(cursor).toMatch(/^[\w-]+\.[\w-]{43}$/);
  });

  test("a source that is none is 404, a stranger gets 401", async () => {
    const stranger = await service.request("/api/v1/cache/cursors/list", {
      headers: { authorization: "Bearer nobody" },
    });

    await expectProblem(await list("unknown"), 404);
    await expectProblem(stranger, 401);
  });

  test("HEAD is answered as GET is, without a body", async () => {
    const response = await service.request("/api/v1/cache/cursors/list", {
      method: "HEAD",
    });

    expect([response.status, await response.text()]).toEqual([200, ""]);
  });

  test("the key `list` itself is read under its escaped slash", async () => {
    await storeEntry(service, "open", "/list");

    const response = await service.request("/api/v1/cache/open/%2Flist");

    expect((await jsonOf(response)).meta.key).toBe("/list");
  });
});

describe("list while the store is away", () => {
  test("is 503", async () => {
    await using database = await testDatabase();
    await using wire = await cuttable(database);
    await using own = await testService({ worker: "off", address: { url: wire.url } });
    await makeSource(own, "outage");

    await wire.cut();
    const response = await list("outage", {}, own);
    await wire.mend();

    await expectProblem(response, 503);
    expect(response.headers.get("Retry-After")).toBe("1");
  }, 60_000);
});
