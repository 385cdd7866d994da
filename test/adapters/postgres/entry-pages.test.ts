import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Effect } from "effect";
import { PRIORITY } from "../../../src/domain/refresh/task.ts";
import { type Source, spaceOf } from "../../../src/domain/source/source.ts";
import { EntryStore, type KeyRange } from "../../../src/services/entry/entry-store.ts";
import { type TaskFilter, TaskQueue } from "../../../src/services/refresh/task-queue.ts";
import { entryAt, idIn, insertSource, sourceOf } from "./sources.ts";
import { type TestStore, testStore } from "./test-store.ts";

let store: TestStore;

beforeAll(async () => {
  store = await testStore();
});
afterAll(() => store[Symbol.asyncDispose]());

const newSource = () => sourceOf(crypto.randomUUID());
const save = (source: Source, key: string, body = "1") =>
  store.run(
    EntryStore.use((entries) =>
      entries.save(
        entryAt(idIn(source, key), { body: new TextEncoder().encode(body) }),
        Number.MAX_SAFE_INTEGER,
      ),
    ),
  );
const enqueue = (source: Source, keys: readonly string[]) =>
  store.run(
    TaskQueue.use((queue) =>
      queue.enqueue(
        source,
        keys.map((key) => idIn(source, key)),
        { priority: PRIORITY.normal, told: true },
      ),
    ),
  );

describe("EntryStore.findMany()", () => {
  const findMany = (source: Source, keys: readonly string[], mostBytes = 1_000_000) =>
    store.run(
      EntryStore.use((entries) =>
        entries.findMany(
          keys.map((key) => idIn(source, key)),
          mostBytes,
        ),
      ),
    );

  test("finds for each, in their order, what find() finds", async () => {
    const source = newSource();
    await save(source, "/a", '{"n":1}');
    await save(source, "/b", "");
    await save(source, "/c", "3");
    await enqueue(source, ["/b", "/queued"]);
    await store.sql`
      insert into backoffs (key_hash, failures, failed_at, until, error_code, error_detail)
      select key_hash, 1, 5, 10, 'UPSTREAM_STATUS', 'Answered 500' from entries
      where key = '/c' and space = ${spaceOf(source)}`;
    const keys = ["/c", "/absent", "/a", "/queued", "/b", "/a"];

    const found = await findMany(source, keys);

    const alone = await Promise.all(
      keys.map((key) =>
        store.run(EntryStore.use((entries) => entries.find(idIn(source, key)))),
      ),
    );
    expect(found).toEqual(alone);
    expect(found?.map(({ entry }) => entry?.key)).toEqual([
      "/c",
      undefined,
      "/a",
      undefined,
      "/b",
      "/a",
    ]);
    expect(found?.[0]?.standing.failure?.error.code).toBe("UPSTREAM_STATUS");
    expect(found?.[3]?.standing.task).toMatchObject({ state: "queued", told: true });
  });

  test("gives all up to the bytes allowed, and nothing for one byte more", async () => {
    const source = newSource();
    await save(source, "/a", "x".repeat(600_000));
    await save(source, "/b", "y".repeat(400_000));

    expect(await findMany(source, ["/a", "/b", "/c"], 1_000_000)).toHaveLength(3);
    expect(await findMany(source, ["/a", "/b", "/c"], 999_999)).toBeUndefined();
    expect(await findMany(source, ["/c"], 0)).toHaveLength(1);
    expect(await findMany(source, [])).toEqual([]);
  });
});

describe("EntryStore.list()", () => {
  const list = (
    source: Source,
    range: Partial<Omit<KeyRange, "space">> = {},
    limit = 1_000,
  ) =>
    store.run(
      EntryStore.use((entries) =>
        entries.list(
          { space: spaceOf(source), prefix: "/", after: undefined, ...range },
          limit,
        ),
      ),
    );
  const keysOf = async (...args: Parameters<typeof list>) =>
    (await list(...args)).map(({ key }) => key);

  test("shows keys in byte order, with the instants and the bytes of the body", async () => {
    const source = newSource();
    for (const key of ["/b", "/a/x", "/a", "/Z", "/%C3%A4", "/a?x", "/a-"]) {
      await save(source, key, "123");
    }

    const listed = await list(source);

    expect(listed.map(({ key }) => key)).toEqual([
      "/%C3%A4",
      "/Z",
      "/a",
      "/a-",
      "/a/x",
      "/a?x",
      "/b",
    ]);
    expect(listed[0]).toEqual({
      key: "/%C3%A4",
      freshUntil: 601_000,
      fallbackUntil: 87_001_000,
      bytes: 3,
    });
  });

  test("keeps to its prefix, its limit, and what comes after", async () => {
    const source = newSource();
    const keys = ["/a", "/a/1", "/a/2", "/a/3", "/a0", "/b"];
    for (const key of keys) await save(source, key);

    expect(await keysOf(source, { prefix: "/a/" })).toEqual(keys.slice(1, 4));
    expect(await keysOf(source, { prefix: "/a" })).toEqual(keys.slice(0, 5));
    expect(await keysOf(source, { prefix: "/a/", after: "/a/1" })).toEqual(
      keys.slice(2, 4),
    );
    expect(await keysOf(source, { prefix: "/a/" }, 2)).toEqual(keys.slice(1, 3));
    expect(await keysOf(source, { after: "/zzz" })).toEqual([]);
    expect(await keysOf(newSource())).toEqual([]);
  });
});

describe("TaskQueue.list()", () => {
  test("goes back from the newest, by source and state, before an id", async () => {
    const source = newSource();
    const other = newSource();
    for (const key of ["/1", "/2", "/3"]) await enqueue(source, [key]);
    await enqueue(other, ["/1"]);
    await store.sql`update tasks set id = 't_' || lpad(to_hex(place), 32, '0')`;
    const idOf = async (key: string) => {
      const [row] = await store.sql<{ id: string }[]>`
        select id from tasks where source_id = ${source.id} and key = ${key}`;
      return row?.id;
    };
    const list = async (filter: TaskFilter, limit = 10) => {
      const tasks = await store.run(TaskQueue.use((queue) => queue.list(filter, limit)));
      return tasks.map(({ sourceId, key }) => [sourceId, key]);
    };
    const first = [source.id, "/1"];
    const second = [source.id, "/2"];
    const third = [source.id, "/3"];

    expect(await list({}, 2)).toEqual([[other.id, "/1"], third]);
    expect(await list({ sourceIds: [source.id] })).toEqual([third, second, first]);
    expect(await list({ sourceIds: [source.id], before: await idOf("/3") })).toEqual([
      second,
      first,
    ]);
    await insertSource(store.sql, source);
    await store.run(Effect.asVoid(claimOne(source)));
    expect(await list({ sourceIds: [source.id], state: "running" })).toEqual([first]);
    expect(await list({ sourceIds: [source.id], state: "queued" })).toEqual([
      third,
      second,
    ]);
  });
});

const claimOne = (source: Source) =>
  TaskQueue.use((queue) => queue.claim(source, 1, PRIORITY.adaptive));
