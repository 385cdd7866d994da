import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import type { Entry } from "../../../src/domain/entry/entry.ts";
import {
  type Matching,
  type PurgeSelection,
  selects,
  wantedParams,
} from "../../../src/domain/entry/purge.ts";
import {
  type PurgeOptions,
  EntryStore,
} from "../../../src/services/entry/entry-store.ts";
import { entryAt, insertSource, sourceOf } from "./sources.ts";
import { type TestStore, testStore } from "./test-store.ts";

/**
 * Of sources: s1 knows case, s2 does not. Of sources that were deleted, s3 is of either kind,
 * s4 knew case, s5 did not.
 */
const SPACES = ["s1", "s2", "s3"];

let store: TestStore;

beforeAll(async () => {
  store = await testStore();
  for (const [epoch, keyCase] of [
    [1, "preserve"],
    [2, "lower"],
  ] as const) {
    const changes = { epoch, keyCase, keyTemplate: "/{{db_type}}/{{username}}" };
    await insertSource(store.sql, sourceOf(`source-${epoch}`, changes));
  }
  await store.sql`
    insert into retained_spaces (source_id, epoch, origin, key_case, retained_at)
    values ('source-3', 3, '', null, 0), ('source-4', 4, '', 'preserve', 0),
      ('source-5', 5, '', 'lower', 0)`;
});
afterAll(async () => {
  await store[Symbol.asyncDispose]();
});
beforeEach(async () => {
  await store.sql`delete from entries`;
});

const FOREVER = {
  storedAt: 0,
  freshUntil: Number.MAX_SAFE_INTEGER,
  staleUntil: Number.MAX_SAFE_INTEGER,
  fallbackUntil: Number.MAX_SAFE_INTEGER,
};
const entryOf = (space: string, key: string, params: Entry["params"] = {}) =>
  entryAt({ space, key }, { params, lifetime: FOREVER });
const save = (entry: Entry, sinceSeq: number) =>
  store.run(EntryStore.use((entries) => entries.save(entry, sinceSeq)));
const purge = (selection: PurgeSelection, options?: PurgeOptions) =>
  store.run(EntryStore.use((entries) => entries.purge(selection, options)));
const head = async () => {
  const [row] = await store.sql<{ seq: number }[]>`select seq from change_head`;
  return row?.seq ?? 0;
};
const stored = async () => {
  const rows = await store.sql<{ space: string; key: string }[]>`
    select space, key from entries order by space, key`;
  return rows.map(({ space, key }) => `${space} ${key}`);
};
const byParams = (params: Entry["params"]): Matching => ({
  _tag: "Matching",
  params: wantedParams(params),
});

const VALUES = ["ada", "Ada", "çelik", "%", '"\\', "", "7"];

/** One entry for each pair of values in each space; caseless spaces keep lower case. */
const everything = SPACES.flatMap((space) =>
  VALUES.flatMap((username, first) =>
    VALUES.map((dbType, second) => {
      const params =
        space === "s2"
          ? { username: username.toLowerCase(), db_type: dbType.toLowerCase() }
          : { username, db_type: dbType };
      return entryOf(space, `/${first}/${second}`, params);
    }),
  ),
);

const selections: readonly PurgeSelection[] = [
  { _tag: "Matching" },
  { _tag: "Space", space: "s2" },
  { _tag: "Key", space: "s1", key: "/0/0" },
  { _tag: "Matching", spaces: [] },
  { _tag: "Matching", spaces: ["s1", "s3"], prefix: "/1" },
  { _tag: "Matching", prefix: "/" },
  { _tag: "Matching", prefix: "" },
  { _tag: "Matching", key: "" },
  { _tag: "Matching", key: "/1/1" },
  { _tag: "Matching", paramNamed: "db_type" },
  { _tag: "Matching", paramNamed: "nothing" },
  ...VALUES.map((username) => byParams({ username })),
  ...VALUES.map((username) => byParams({ username: username.toUpperCase() })),
  byParams({ username: "ADA", db_type: "Ada" }),
  { ...byParams({ username: "ADA" }), spaces: ["s2"], prefix: "/0" },
  byParams({ username: "c\u0327elik" }),
  byParams({ other: "ada" }),
];

describe("EntryStore.purge()", () => {
  test.each(
    selections.map((selection) => [JSON.stringify(selection), selection] as const),
  )("deletes what selects() says, and logs the same: %s", async (_, selection) => {
    const since = await head();
    await Promise.all(everything.map((entry) => save(entry, since)));

    const { seq } = await purge(selection);

    const [row] = await store.sql<{ change: { selection: PurgeSelection } }[]>`
        select change from changes where seq = ${seq}`;
    const logged = row?.change.selection ?? selection;
    const left = everything.filter((entry) => !selects(logged, entry));
    expect(await stored()).toEqual(
      left.map(({ space, key }) => `${space} ${key}`).toSorted(),
    );
  });

  test("counts what could be read: not what had expired, nor what no source has", async () => {
    const since = await head();
    for (const space of SPACES) await save(entryOf(space, "/a", { n: "1" }), since);
    await save(
      {
        ...entryOf("s1", "/b", { n: "1" }),
        lifetime: entryAt({ space: "s1", key: "" }).lifetime,
      },
      since,
    );

    expect(await purge(byParams({ n: "1" }))).toMatchObject({ purged: 2, more: false });
    expect(await stored()).toEqual([]);
  });
});

describe("EntryStore.purge() by params, of spaces that were kept", () => {
  test("knows case where the source did, and looks for both where nobody can tell", async () => {
    const since = await head();
    for (const space of ["s3", "s4", "s5"]) {
      await save(entryOf(space, "/lower", { username: "ada" }), since);
      if (space !== "s5")
        await save(entryOf(space, "/Upper", { username: "Ada" }), since);
    }

    const { seq } = await purge(byParams({ username: "Ada" }));

    expect(await stored()).toEqual(["s4 /lower"]);
    const [row] = await store.sql<{ change: { selection: Matching } }[]>`
      select change from changes where seq = ${seq}`;
    expect(row?.change.selection.params?.caseless.toSorted()).toEqual(["s2", "s3", "s5"]);
  });
});

describe("EntryStore.save() after a purge by params", () => {
  test("stores nothing that the purge covers, whatever the case of its source", async () => {
    const since = await head();
    await purge(byParams({ username: "Ada" }));

    expect(await save(entryOf("s1", "/1", { username: "Ada" }), since)).toBe("Outdated");
    expect(await save(entryOf("s2", "/2", { username: "ada" }), since)).toBe("Outdated");
    expect(await save(entryOf("s1", "/3", { username: "ada" }), since)).toBe("Saved");
    expect(await save(entryOf("s1", "/4", {}), since)).toBe("Saved");
    expect(await save(entryOf("s1", "/1", { username: "Ada" }), await head())).toBe(
      "Saved",
    );
  });
});

describe("EntryStore.renew() after a soft purge by params", () => {
  const renew = (key: string, sinceSeq: number) =>
    store.run(
      EntryStore.use((entries) =>
        entries.renew(
          {
            space: "s1",
            key,
            etag: 'W/"one"',
            lifetime: FOREVER,
            headers: [],
            requestAt: 2_000,
            responseAt: 2_001,
          },
          sinceSeq,
        ),
      ),
    );

  test("makes nothing fresh again that the purge covers, and other entries", async () => {
    const since = await head();
    await save(entryOf("s1", "/ada", { username: "ada" }), since);
    await save(entryOf("s1", "/bob", { username: "bob" }), since);
    await purge(byParams({ username: "ada" }), { soft: true });

    expect(await renew("/ada", since)).toBe("Outdated");
    expect(await renew("/bob", since)).toBe("Saved");
    const stale = await store.sql<{ key: string }[]>`
      select key from entries where stale_until <= uc_now()`;
    expect(stale.map(({ key }) => key)).toEqual(["/ada"]);
    expect(await renew("/ada", await head())).toBe("Saved");
  });
});
