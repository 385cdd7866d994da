import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Effect } from "effect";
import type { EntryId } from "../../../src/domain/entry/entry.ts";
import { type PurgeSelection, wantedParams } from "../../../src/domain/entry/purge.ts";
import type { StoredResponse } from "../../../src/domain/gateway/stored-response.ts";
import { EntryStatistics } from "../../../src/services/clearing/entry-statistics.ts";
import * as EntryStatisticsLayer from "../../../src/adapters/postgres/entry-statistics.ts";
import { EntryStore } from "../../../src/services/entry/entry-store.ts";
import { ResponseStore } from "../../../src/services/gateway/response-store.ts";
import { Sweeping } from "../../../src/services/sweeping.ts";
import { eventually } from "../../support/service.ts";
import { responseAt } from "./responses.ts";
import { atOnce, type TestStore, testStore } from "./test-store.ts";

let store: TestStore;

beforeAll(async () => {
  store = await testStore();
});
afterAll(async () => {
  await store[Symbol.asyncDispose]();
});

let made = 0;
/** A scope that no other test uses. */
const newScope = () => ({ space: `g${++made}`, scope: "e1 " });
const idIn = (
  { space, scope }: { space: string; scope: string },
  path: string,
): EntryId => ({
  space,
  key: `${scope}GET ${path}`,
});

const head = async () => {
  const [row] = await store.sql<{ seq: number }[]>`select seq from change_head`;
  return row?.seq ?? 0;
};
const inStore = <A, E>(
  use: (responses: ResponseStore["Service"]) => Effect.Effect<A, E>,
) => store.run(Effect.flatMap(ResponseStore, use));
const save = (id: EntryId, changes: Partial<StoredResponse> = {}, sinceSeq = 0) =>
  inStore((responses) => responses.save(responseAt(id, changes), sinceSeq));
const find = (id: EntryId) => inStore((responses) => responses.find(id));
const purge = (selection: PurgeSelection) =>
  store.run(EntryStore.use((entries) => entries.purge(selection)));

/** Keys of `paths`, used in that order. */
async function fill(scope: { space: string; scope: string }, count: number) {
  await store.sql`
    insert into entries (
      space, key, key_hash, status, headers, encoding, body, etag, params,
      stored_at, fresh_until, stale_until, fallback_until, request_at, response_at,
      used_at, response
    )
    select ${scope.space}, ${scope.scope} || 'GET /' || n, sha256((${scope.space} || n)::bytea),
      200, '[]', 'base64', '', '', '{}', 0, 1, 1, 9e15, 0, 0, n, '{}'
    from generate_series(1, ${count}::int) n`;
}
const left = async ({ space }: { space: string }) => {
  const rows = await store.sql<{ used_at: number }[]>`
    select used_at from entries where space = ${space} order by used_at`;
  return rows.map(({ used_at }) => used_at);
};

describe("ResponseStore.save()", () => {
  test("tells what is added, replaced, and outdated by what was asked for later", async () => {
    const id = idIn(newScope(), "/a");

    expect(await save(id, { requestAt: 10 })).toBe("Added");
    expect(await save(id, { requestAt: 10 })).toBe("Replaced");
    expect(await save(id, { requestAt: 9 })).toBe("Outdated");
    expect(await save(id, { variant: "tr" })).toBe("Added");
  });

  test("gives back what was saved, byte for byte", async () => {
    const id = idIn(newScope(), "/ç?q=ü");
    const response = responseAt(id, {
      variant: "v",
      selecting: { "accept-encoding": 'gzip, "x"', cookie: null },
      params: { q: "ü", __proto: "x", "": "empty" },
      body: Uint8Array.from({ length: 256 }, (_, index) => index),
      policy: "rfc9111",
      withCredentials: true,
    });
    await save(id, response);

    const [found] = await find(id);
    expect({ ...found, body: [...(found?.body ?? [])] }).toEqual({
      ...response,
      body: [...response.body],
    } as never);
  });

  test("keeps the 64 variants of a key that were answered last", async () => {
    const id = idIn(newScope(), "/a");
    for (let at = 1; at <= 66; at++)
      await save(id, { variant: `v${at}`, responseAt: at });

    const variants = (await find(id)).map(({ variant }) => variant);
    expect(variants).toHaveLength(64);
    expect([variants[0], variants.at(-1)]).toEqual(["v66", "v3"]);
    const [row] =
      await store.sql`select count(*) as kept from entries where space = ${id.space}`;
    expect(row).toEqual({ kept: 64 });
  });

  test("keeps no more than 16 MiB of a key's variants, but one in any case", async () => {
    const id = idIn(newScope(), "/a");
    const body = new Uint8Array(6 * 1024 * 1024);
    for (let at = 1; at <= 5; at++)
      await save(id, { variant: `v${at}`, responseAt: at, body });
    expect((await find(id)).map(({ variant }) => variant)).toEqual(["v5", "v4", "v3"]);

    await save(id, {
      variant: "whole",
      responseAt: 9,
      body: new Uint8Array(20 * 1024 * 1024),
    });
    expect((await find(id)).map(({ variant }) => variant)).toEqual(["whole"]);
  });

  test.each<[string, (id: EntryId) => PurgeSelection, string]>([
    ["its key", (id) => ({ _tag: "Key", ...id }), "Outdated"],
    ["its space", ({ space }) => ({ _tag: "Space", space }), "Outdated"],
    [
      "its scope",
      ({ space }) => ({ _tag: "Matching", spaces: [space], prefix: "e1 " }),
      "Outdated",
    ],
    [
      "its params",
      ({ space }) => ({
        _tag: "Matching",
        spaces: [space],
        params: wantedParams({ id: "7" }),
      }),
      "Outdated",
    ],
    [
      "the name of a param",
      ({ space }) => ({ _tag: "Matching", spaces: [space], paramNamed: "id" }),
      "Outdated",
    ],
    [
      "another scope",
      ({ space }) => ({ _tag: "Matching", spaces: [space], prefix: "e2 " }),
      "Added",
    ],
    [
      "other params",
      ({ space }) => ({
        _tag: "Matching",
        spaces: [space],
        params: wantedParams({ id: "8" }),
      }),
      "Added",
    ],
  ])("after a purge of %s since the exchange began", async (_, selection, outcome) => {
    const id = idIn(newScope(), "/a");
    const before = await head();
    await purge(selection(id));

    expect(await save(id, { params: { id: "7" } }, before)).toBe(outcome as never);
    expect(await find(id)).toHaveLength(outcome === "Added" ? 1 : 0);
    expect(await save(id, { params: { id: "7" } }, await head())).toBeOneOf([
      "Added",
      "Replaced",
    ]);
  });

  test("brings nothing back that is purged at the same moment", async () => {
    const scope = newScope();
    await atOnce(60, async (index) => {
      const id = idIn(scope, `/${index}`);
      const since = await head();
      const saving = save(id, { params: { id: String(index) } }, since);
      await Promise.all([
        saving,
        purge({
          _tag: "Matching",
          spaces: [scope.space],
          params: wantedParams({ id: String(index) }),
        }),
      ]);
    });

    expect(await left(scope)).toEqual([]);
  });
});

describe("EntryStore.purge() of responses", () => {
  test.each<
    [string, Omit<Extract<PurgeSelection, { _tag: "Matching" }>, "_tag">, string[]]
  >([
    ["a named value", { params: wantedParams({ username: "Jose\u0301" }) }, ["/b"]],
    ["a name", { paramNamed: "username" }, ["/b"]],
    ["another name", { paramNamed: "toString" }, ["/a", "/b"]],
    ["a scope", { prefix: "e1 " }, []],
  ])("selects by %s", async (_, selection, rest) => {
    const scope = newScope();
    await save(idIn(scope, "/a"), { params: { username: "José" } });
    await save(idIn(scope, "/b"), { params: { user: "José" } });

    await purge({ _tag: "Matching", spaces: [scope.space], ...selection });

    const found = await Promise.all(
      ["/a", "/b"].map(async (path) =>
        (await find(idIn(scope, path))).length > 0 ? [path] : [],
      ),
    );
    expect(found.flat()).toEqual(rest);
  });

  test("takes all variants of a key", async () => {
    const id = idIn(newScope(), "/a");
    for (const variant of ["", "tr", "en"]) await save(id, { variant });

    expect(await purge({ _tag: "Key", ...id })).toMatchObject({ purged: 3 });
    expect(await find(id)).toEqual([]);
  });
});

describe("ResponseStore.noteUses()", () => {
  test("moves the last use forward only, of all variants, and of nothing else", async () => {
    const scope = newScope();
    const [a, b] = [idIn(scope, "/a"), idIn(scope, "/b")];
    for (const variant of ["tr", "en"]) await save(a, { variant });
    await save(b);
    await store.sql`update entries set used_at = 1000 where space = ${scope.space}`;

    await inStore((responses) =>
      responses.noteUses([
        { id: a, at: 2_000 },
        { id: b, at: 999 },
        { id: idIn(scope, "/none"), at: 5 },
      ]),
    );

    expect(await left(scope)).toEqual([1_000, 2_000, 2_000]);
  });
});

describe("ResponseStore.evict()", () => {
  const evict = (
    of: { space: string; scope: string },
    capacity: number,
    target: number,
    on = store,
  ) =>
    on.run(ResponseStore.use((responses) => responses.evict(of, { capacity, target })));

  test("evicts what was used least lately beyond the capacity, down to the target", async () => {
    const scope = newScope();
    await fill(scope, 12);

    expect(await evict(scope, 12, 8)).toEqual([]);
    const evicted = await evict(scope, 11, 8);

    expect(evicted.map(({ key }) => key).toSorted()).toEqual(
      [1, 2, 3, 4].map((n) => `e1 GET /${n}`),
    );
    expect(await left(scope)).toEqual([5, 6, 7, 8, 9, 10, 11, 12]);
  });

  test("leaves other scopes alone, whose names begin alike too", async () => {
    const scope = newScope();
    const others = ["e1", "e10 ", "p "].map((other) => ({
      space: scope.space,
      scope: other,
    }));
    await fill(scope, 3);
    for (const other of others) await save(idIn(other, "/other"));
    await store.sql`
      update entries set used_at = 0 where space = ${scope.space} and key like '%/other'`;

    await evict(scope, 0, 0);

    for (const other of others) expect(await find(idIn(other, "/other"))).toHaveLength(1);
    expect(await left(scope)).toHaveLength(3);
  });

  test("evicts what is too much once, however many processes are at it", async () => {
    await using second = await testStore({ address: store.address });
    const scope = newScope();
    await fill(scope, 5_000);
    await evict(scope, 5_000, 5_000);

    await atOnce(6, (index) =>
      evict(scope, 4_000, 3_900, index % 2 === 0 ? store : second),
    );

    expect((await left(scope))[0]).toBe(1_101);
    expect(await left(scope)).toHaveLength(3_900);
  });

  test("evicts what is too much once, also where several count it for the first time", async () => {
    const scope = newScope();
    await fill(scope, 20);

    const evicting = await store.sql.begin(async (sql) => {
      // What is remembered can be read then, and not written.
      await sql`lock table counters in share mode`;
      const all = atOnce(4, () => evict(scope, 3, 3));
      await eventually(
        () => store.sql`
          select 1 from pg_stat_activity
          where datname = current_database() and wait_event_type = 'Lock'`,
        ({ count }) => count >= 4,
      );
      return { all };
    });
    await evicting.all;

    expect(await left(scope)).toEqual([18, 19, 20]);
  });

  test("of very many evicts as many as it must, from among the oldest", async () => {
    const scope = newScope();
    await fill(scope, 60_000);

    const evicted = await evict(scope, 59_000, 58_500);

    expect(evicted).toHaveLength(1_500);
    const uses = evicted.map(({ key }) => Number(key.split("/")[1]));
    expect(Math.max(...uses)).toBeLessThan(60_000 * 0.5);
    expect(await left(scope)).toHaveLength(58_500);
  });

  test("remembers how many there are at most, and counts what others add", async () => {
    const scope = newScope();
    await fill(scope, 10);
    const add = (count: number) =>
      inStore((responses) =>
        responses.countAdded([
          { ...newScope(), count: 1 },
          { ...scope, count },
        ]),
      );
    expect(await add(1)).toEqual([undefined, undefined]);

    await evict(scope, 20, 20);
    expect(await add(3)).toEqual([undefined, 13]);
    await evict(scope, 9, 7);
    expect(await add(0)).toEqual([undefined, 7]);
  });

  test("forgets what it remembers when the space is abandoned", async () => {
    const scope = newScope();
    await fill(scope, 1);
    await evict(scope, 1, 1);
    await evict({ space: `${scope.space}0`, scope: "p " }, 1, 1);

    await store.run(
      Effect.gen(function* () {
        yield* (yield* EntryStore).abandon(scope.space);
        const { sweep } = yield* Sweeping;
        while (yield* sweep);
      }),
    );

    const rows = await store.sql<{ name: string }[]>`
      select name from counters where name like ${`entries ${scope.space}%`}`;
    expect(rows.map(({ name }) => name)).toEqual([`entries ${scope.space}0 p `]);
  });
});

describe("EntryStatistics", () => {
  test("tells of sources only, whatever the gateway keeps", async () => {
    await save(idIn(newScope(), "/rules"), {
      params: { db_type: "mysql" },
      body: new TextEncoder().encode("[1, 2]"),
    });

    const told = await store.run(
      Effect.gen(function* () {
        const statistics = yield* EntryStatistics;
        const bodies = yield* statistics.bodiesWith({ db_type: "mysql" }, 0);
        return { bodies, stored: yield* statistics.stored };
      }).pipe(Effect.provide(EntryStatisticsLayer.layer)),
    );

    expect(told.bodies).toHaveLength(0);
    expect(told.stored.bySource.size).toBe(0);
  });
});
