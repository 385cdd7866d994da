import { describe, expect, test } from "bun:test";
import { Cause, Deferred, Effect, Exit, Fiber, Layer, ManagedRuntime } from "effect";
import * as EntryMemoryLayer from "../../../src/adapters/memory/entry-memory.ts";
import { type Entry, type EntryId, newsName } from "../../../src/domain/entry/entry.ts";
import { type PurgeSelection, wantedParams } from "../../../src/domain/entry/purge.ts";
import { type BusEvent, ChangeBus } from "../../../src/services/change-bus.ts";
import { EntryMemory, type Loaded } from "../../../src/services/entry/entry-memory.ts";
import { EntryNews } from "../../../src/services/entry/entry-news.ts";
import type { Found } from "../../../src/services/entry/entry-store.ts";
import { StoreUnavailable } from "../../../src/services/errors.ts";
import { entryAt } from "../postgres/sources.ts";

const nothing = { task: undefined, failure: undefined };
const idOf = (key: string, space = "s1"): EntryId => ({ space, key });
const foundAt = (id: EntryId, changes: Partial<Entry> = {}): Found => ({
  entry: entryAt(id, changes),
  standing: nothing,
});
const tagOf = (loaded: Loaded) =>
  loaded._tag === "Held" ? loaded.held.entry.etag : "none";

/** The memory alone; what it would hear from other processes, the test says. */
function memoryOf(maxBytes = 1_000_000) {
  const onChange: ((event: BusEvent) => Effect.Effect<void, StoreUnavailable>)[] = [];
  const onNews: Parameters<EntryNews["Service"]["subscribe"]>[0][] = [];
  const bus = Layer.mock(ChangeBus, {
    subscribe: (apply) => Effect.sync(() => void onChange.push(apply)),
  });
  const news = Layer.mock(EntryNews, {
    subscribe: (heard) => Effect.sync(() => void onNews.push(heard)),
  });
  const runtime = ManagedRuntime.make(
    EntryMemoryLayer.layer(maxBytes).pipe(Layer.provide(Layer.merge(bus, news))),
  );
  const run = <A, E>(effect: Effect.Effect<A, E, EntryMemory>) =>
    runtime.runPromise(effect);
  const tell = (event: BusEvent) =>
    Effect.runPromise(
      Effect.forEach(onChange, (apply) => apply(event), { discard: true }),
    );
  return {
    run,
    runFork: <A, E>(effect: Effect.Effect<A, E, EntryMemory>) => runtime.runFork(effect),
    load: (id: EntryId, find: Effect.Effect<Found, StoreUnavailable>) =>
      run(EntryMemory.use((memory) => memory.load(id, find))),
    peek: (id: EntryId) => run(Effect.map(EntryMemory, (memory) => memory.peek(id))),
    size: () => run(Effect.map(EntryMemory, (memory) => memory.size())),
    tellPurged: (selection: PurgeSelection) =>
      tell({ _tag: "Logged", logged: { seq: 1, change: { _tag: "Purged", selection } } }),
    tellLost: () => tell({ _tag: "Lost", seq: 1 }),
    tellReplaced: (id: EntryId) =>
      onNews.forEach(({ replaced }) => replaced([newsName(id)])),
    tellNewsLost: () => onNews.forEach(({ lost }) => lost()),
    [Symbol.asyncDispose]: () => runtime.dispose(),
  };
}

/** A find that ends when the test says, and counts how often it began. */
function slowFind(found: Found) {
  const done = Deferred.makeUnsafe<Found, StoreUnavailable>();
  let begun = 0;
  const find = Effect.suspend(() => {
    begun += 1;
    return Deferred.await(done);
  });
  return {
    find,
    begun: () => begun,
    finish: () => Deferred.doneUnsafe(done, Effect.succeed(found)),
    fail: () =>
      Deferred.doneUnsafe(
        done,
        Effect.fail(new StoreUnavailable({ operation: "find", cause: "away" })),
      ),
  };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe("EntryMemory.load()", () => {
  test("finds once and then holds: the next load and peek() touch no store", async () => {
    await using memory = memoryOf();
    const id = idOf("/a");

    await memory.load(id, Effect.succeed(foundAt(id)));
    const again = await memory.load(id, Effect.die(new Error("Found twice")));

    expect(tagOf(again)).toBe('W/"one"');
    expect((await memory.peek(id))?.entry.key).toBe("/a");
  });

  test("finds once for however many ask at once, and gives all the same", async () => {
    await using memory = memoryOf();
    const id = idOf("/a");
    const slow = slowFind(foundAt(id));

    const asking = Array.from({ length: 100 }, () => memory.load(id, slow.find));
    await turn();
    slow.finish();

    const tags = (await Promise.all(asking)).map(tagOf);
    expect(slow.begun()).toBe(1);
    expect(tags).toEqual(Array.from({ length: 100 }, () => 'W/"one"'));
  });

  test("holds nothing where nothing is stored: the next load looks again", async () => {
    await using memory = memoryOf();
    const id = idOf("/a");
    const absent: Found = { entry: undefined, standing: nothing };

    expect(await memory.load(id, Effect.succeed(absent))).toEqual({
      _tag: "Absent",
      standing: nothing,
    });
    expect(tagOf(await memory.load(id, Effect.succeed(foundAt(id))))).toBe('W/"one"');
  });

  test("tells all who ask of an outage, and remembers none of it", async () => {
    await using memory = memoryOf();
    const id = idOf("/a");
    const slow = slowFind(foundAt(id));

    const asking = Array.from({ length: 3 }, () => memory.load(id, slow.find));
    await turn();
    slow.fail();

    const ends = await Promise.allSettled(asking);
    expect(ends.map(({ status }) => status)).toEqual([
      "rejected",
      "rejected",
      "rejected",
    ]);
    expect(tagOf(await memory.load(id, Effect.succeed(foundAt(id))))).toBe('W/"one"');
  });

  test("goes on for the others when the first who asked gives up", async () => {
    await using memory = memoryOf();
    const id = idOf("/a");
    const slow = slowFind(foundAt(id));

    const first = memory.runFork(
      EntryMemory.use((entries) => entries.load(id, slow.find)),
    );
    await turn();
    const second = memory.load(id, slow.find);
    await turn();
    await memory.run(Fiber.interrupt(first));
    slow.finish();

    expect(tagOf(await second)).toBe('W/"one"');
    expect(slow.begun()).toBe(1);
    const exit = await memory.run(Fiber.await(first));
    expect(Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause)).toBe(true);
    expect((await memory.peek(id))?.entry.etag).toBe('W/"one"');
  });

  test.each<[string, (memory: ReturnType<typeof memoryOf>, id: EntryId) => unknown]>([
    [
      "its key is purged",
      (memory, { space, key }) => memory.tellPurged({ _tag: "Key", space, key }),
    ],
    [
      "its space is purged",
      (memory, { space }) => memory.tellPurged({ _tag: "Space", space }),
    ],
    ["it is replaced", (memory, id) => memory.tellReplaced(id)],
    ["changes may have been missed", (memory) => memory.tellLost()],
    ["news may have been missed", (memory) => memory.tellNewsLost()],
    [
      "all is cleared",
      (memory) => memory.run(Effect.map(EntryMemory, (one) => one.clear())),
    ],
  ])(
    "gives what is under way when %s to none who asks later, and holds it not",
    async (_, happen) => {
      await using memory = memoryOf();
      const id = idOf("/a");
      const old = slowFind(foundAt(id, { etag: 'W/"old"' }));
      const before = memory.load(id, old.find);
      await turn();

      await happen(memory, id);
      const after = memory.load(id, Effect.succeed(foundAt(id, { etag: 'W/"new"' })));
      await turn();
      old.finish();

      expect([tagOf(await before), tagOf(await after)]).toEqual(['W/"old"', 'W/"new"']);
      expect((await memory.peek(id))?.entry.etag).toBe('W/"new"');
    },
  );

  test("leaves other loads under way alone", async () => {
    await using memory = memoryOf();
    const id = idOf("/a");
    const slow = slowFind(foundAt(id));
    const loading = memory.load(id, slow.find);
    await turn();

    memory.tellReplaced(idOf("/b"));
    await memory.tellPurged({ _tag: "Key", space: "s1", key: "/b" });
    await memory.tellPurged({ _tag: "Space", space: "s2" });
    slow.finish();
    await loading;

    expect((await memory.peek(id))?.entry.etag).toBe('W/"one"');
  });
});

describe("EntryMemory.peek()", () => {
  test.each<[string, (memory: ReturnType<typeof memoryOf>) => unknown, string[]]>([
    [
      "a key is purged",
      (memory) => memory.tellPurged({ _tag: "Key", space: "s1", key: "/a" }),
      ["s1/b", "s2/a"],
    ],
    [
      "a space is purged",
      (memory) => memory.tellPurged({ _tag: "Space", space: "s1" }),
      ["s2/a"],
    ],
    ["one is replaced", (memory) => memory.tellReplaced(idOf("/a")), ["s1/b", "s2/a"]],
    ["changes may have been missed", (memory) => memory.tellLost(), []],
    ["news may have been missed", (memory) => memory.tellNewsLost(), []],
  ])("knows only the rest once %s", async (_, happen, left) => {
    await using memory = memoryOf();
    const ids = [idOf("/a"), idOf("/b"), idOf("/a", "s2")];
    for (const id of ids) await memory.load(id, Effect.succeed(foundAt(id)));

    await happen(memory);

    const held: string[] = [];
    for (const id of ids) {
      if ((await memory.peek(id)) !== undefined) held.push(`${id.space}${id.key}`);
    }
    expect(held).toEqual(left);
    expect((await memory.size()).entries).toBe(left.length);
    if (left.length === 0) expect((await memory.size()).bytes).toBe(0);
  });
});

describe("EntryMemory.loadMany()", () => {
  const keysOf = (loaded: readonly Loaded[] | undefined) =>
    loaded?.map((one) => (one._tag === "Held" ? one.held.entry.key : "none"));
  const all = (ids: readonly EntryId[]) => ids.map((id) => foundAt(id));

  test("asks once for what is neither held nor loading, and gives all in their order", async () => {
    await using memory = memoryOf();
    const [a, b, c, d] = ["/a", "/b", "/c", "/d"].map((key) => idOf(key)) as [
      EntryId,
      EntryId,
      EntryId,
      EntryId,
    ];
    await memory.load(b, Effect.succeed(foundAt(b)));
    const slow = slowFind(foundAt(c));
    const loading = memory.load(c, slow.find);
    const asked: (readonly EntryId[])[] = [];

    const many = memory.run(
      EntryMemory.use((one) =>
        one.loadMany([d, c, b, a, d], (missing) =>
          Effect.sync(() => {
            asked.push(missing);
            return all(missing);
          }),
        ),
      ),
    );
    await turn();
    slow.finish();

    expect(keysOf(await many)).toEqual(["/d", "/c", "/b", "/a", "/d"]);
    expect(asked).toEqual([[d, a]]);
    await loading;
    expect((await memory.peek(a))?.entry.key).toBe("/a");
    expect((await memory.size()).entries).toBe(4);
  });

  test("asks nothing where all is held, and says what is absent", async () => {
    await using memory = memoryOf();
    const id = idOf("/a");
    const loadMany = (ids: readonly EntryId[], found: readonly Found[]) =>
      memory.run(
        EntryMemory.use((one) => one.loadMany(ids, () => Effect.succeed(found))),
      );
    await memory.load(id, Effect.succeed(foundAt(id)));

    expect(keysOf(await loadMany([id, id], []))).toEqual(["/a", "/a"]);
    const absent: Found = { entry: undefined, standing: nothing };
    expect(keysOf(await loadMany([id, idOf("/b")], [absent]))).toEqual(["/a", "none"]);
  });

  test("news and purges that come while the store is asked spoil what they are about", async () => {
    await using memory = memoryOf();
    const ids = ["/kept", "/replaced", "/purged"].map((key) => idOf(key));
    const [, replaced, purged] = ids as [EntryId, EntryId, EntryId];

    const loaded = await memory.run(
      EntryMemory.use((one) =>
        one.loadMany(ids, (missing) =>
          Effect.promise(async () => {
            memory.tellReplaced(replaced);
            await memory.tellPurged({ _tag: "Key", ...purged });
            return all(missing);
          }),
        ),
      ),
    );

    expect(keysOf(loaded)).toEqual(["/kept", "/replaced", "/purged"]);
    expect(
      await Promise.all(ids.map(async (id) => (await memory.peek(id))?.entry.key)),
    ).toEqual(["/kept", undefined, undefined]);
  });

  test("fails for all where the store is away, and holds nothing", async () => {
    await using memory = memoryOf();
    const away = new StoreUnavailable({ operation: "findMany", cause: "away" });

    const exit = await memory.run(
      Effect.exit(
        EntryMemory.use((one) =>
          one.loadMany([idOf("/a"), idOf("/b")], () => Effect.fail(away)),
        ),
      ),
    );

    expect(exit).toEqual(Exit.fail(away));
    expect((await memory.size()).entries).toBe(0);
  });

  test("what it leaves out is undefined; others who waited for it look themselves", async () => {
    await using memory = memoryOf();
    const ids = [idOf("/a"), idOf("/b")];
    const [a, b] = ids as [EntryId, EntryId];
    const asking = Deferred.makeUnsafe<undefined>();
    const tooMany = memory.run(
      EntryMemory.use((one) => one.loadMany(ids, () => Deferred.await(asking))),
    );
    await turn();

    const alone = memory.load(a, Effect.succeed(foundAt(a)));
    const together = memory.run(
      EntryMemory.use((one) =>
        one.loadMany([b, idOf("/c")], (missing) => Effect.succeed(all(missing))),
      ),
    );
    await turn();
    Deferred.doneUnsafe(asking, Effect.succeed(undefined));

    expect(await tooMany).toBeUndefined();
    expect(tagOf(await alone)).toBe('W/"one"');
    expect(keysOf(await together)).toEqual(["/b", "/c"]);
  });
});

describe("EntryMemory.size()", () => {
  const body = (bytes: number) => ({ body: new Uint8Array(bytes).fill(0x31) });
  const fill = async (
    memory: ReturnType<typeof memoryOf>,
    key: string,
    bytes: number,
  ) => {
    const id = idOf(key);
    await memory.load(id, Effect.succeed(foundAt(id, body(bytes))));
  };
  const heldOf = async (memory: ReturnType<typeof memoryOf>, keys: readonly string[]) => {
    const held = await Promise.all(
      keys.map(async (key) =>
        (await memory.peek(idOf(key))) === undefined ? [] : [key],
      ),
    );
    return held.flat();
  };

  test("is never above what was allowed, whatever is loaded", async () => {
    await using memory = memoryOf(50_000);

    for (let index = 0; index < 200; index++) {
      await fill(memory, `/${index}`, (index * 7_919) % 20_000);
      expect((await memory.size()).bytes).toBeLessThanOrEqual(50_000);
    }

    expect((await memory.size()).entries).toBeGreaterThan(2);
  });

  test("lets the one go first that was read least recently", async () => {
    await using memory = memoryOf(40_000);
    for (const key of ["/a", "/b", "/c"]) await fill(memory, key, 10_000);

    await memory.peek(idOf("/a"));
    await fill(memory, "/d", 10_000);

    expect(await heldOf(memory, ["/a", "/b", "/c", "/d"])).toEqual(["/a", "/c", "/d"]);
  });

  test("keeps what is held for one that is too large ever to be held, and still gives it", async () => {
    await using memory = memoryOf(40_000);
    await fill(memory, "/a", 10_000);
    const large = idOf("/large");

    const loaded = await memory.load(large, Effect.succeed(foundAt(large, body(50_000))));

    expect(tagOf(loaded)).toBe('W/"one"');
    expect(await heldOf(memory, ["/a", "/large"])).toEqual(["/a"]);
  });

  test("holds nothing at all where no byte is allowed", async () => {
    await using memory = memoryOf(0);
    await fill(memory, "/a", 10);

    expect(await memory.size()).toEqual({ entries: 0, bytes: 0 });
  });

  test("counts text and base64 with what they are served as", async () => {
    await using memory = memoryOf();
    const id = idOf("/a");
    await memory.load(
      id,
      Effect.succeed(foundAt(id, { ...body(30_000), encoding: "base64" })),
    );

    expect((await memory.size()).bytes).toBeGreaterThan(70_000);
  });
});

describe("EntryMemory.takeRead()", () => {
  test("gives each entry that was read since it was last called, once", async () => {
    await using memory = memoryOf();
    const ids = [idOf("/a"), idOf("/b")];
    for (const id of ids) await memory.load(id, Effect.succeed(foundAt(id)));
    const take = () =>
      memory.run(
        Effect.map(EntryMemory, (one) => one.takeRead().map(({ entry }) => entry.key)),
      );
    await take();

    await memory.peek(idOf("/a"));
    await memory.peek(idOf("/a"));

    expect(await take()).toEqual(["/a"]);
    expect(await take()).toEqual([]);
  });
});

describe("EntryMemory, told of a purge by params", () => {
  const accounts = [
    idOf("/1/ada"),
    idOf("/1/Bob"),
    idOf("/2/ada"),
    idOf("/1/ada", "s2"),
    idOf("/2/Bob", "s2"),
  ];
  const paramsOf = ({ key }: EntryId) => {
    const [, instance_id = "", username = ""] = key.split("/");
    return { instance_id, username };
  };
  const wanting = (params: Record<string, string>, ...caseless: string[]) => ({
    _tag: "Matching" as const,
    params: { ...wantedParams(params), caseless },
  });
  const warm = async (memory: ReturnType<typeof memoryOf>) => {
    for (const id of accounts) {
      await memory.load(id, Effect.succeed(foundAt(id, { params: paramsOf(id) })));
    }
  };
  const heldBy = async (memory: ReturnType<typeof memoryOf>) => {
    const held = await Promise.all(
      accounts.map(async (id) => ((await memory.peek(id)) === undefined ? [] : [id])),
    );
    return held.flat().map(({ space, key }) => `${space} ${key}`);
  };

  test.each([
    [wanting({ username: "ada" }), ["s1 /1/Bob", "s2 /2/Bob"]],
    [
      wanting({ instance_id: "1", username: "ada" }),
      ["s1 /1/Bob", "s1 /2/ada", "s2 /2/Bob"],
    ],
    [
      { ...wanting({ username: "ada" }), spaces: ["s2"] },
      ["s1 /1/ada", "s1 /1/Bob", "s1 /2/ada", "s2 /2/Bob"],
    ],
    [
      wanting({ username: "ADA" }, "s2"),
      ["s1 /1/ada", "s1 /1/Bob", "s1 /2/ada", "s2 /2/Bob"],
    ],
    [{ _tag: "Matching" as const }, []],
    [{ _tag: "Matching" as const, paramNamed: "username" }, []],
    [{ _tag: "Matching" as const, prefix: "/1" }, ["s1 /2/ada", "s2 /2/Bob"]],
  ])("forgets what it selects and holds the rest: %j", async (selection, left) => {
    await using memory = memoryOf();
    await warm(memory);

    await memory.tellPurged(selection);

    expect(await heldBy(memory)).toEqual(left);
    expect((await memory.size()).entries).toBe(left.length);
  });

  test("holds nothing that was loading, for it may be of those", async () => {
    await using memory = memoryOf();
    const id = idOf("/1/ada");
    const slow = slowFind(foundAt(id, { params: paramsOf(id) }));
    const loading = memory.load(id, slow.find);
    await turn();

    await memory.tellPurged(wanting({ username: "ada" }));
    slow.finish();
    await loading;

    expect(await memory.peek(id)).toBeUndefined();
  });

  test("forgets what was purged, replaced and loaded again with other params", async () => {
    await using memory = memoryOf();
    const id = idOf("/1/ada");
    await warm(memory);
    await memory.tellReplaced(id);
    await memory.load(id, Effect.succeed(foundAt(id, { params: { username: "eve" } })));

    await memory.tellPurged(wanting({ instance_id: "1", username: "ada" }));
    expect(await memory.peek(id)).toBeDefined();
    await memory.tellPurged(wanting({ username: "eve" }));
    expect(await memory.peek(id)).toBeUndefined();
  });
});
