import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Effect } from "effect";
import type { PurgeSelection } from "../../../src/domain/entry/purge.ts";
import { wantedParams } from "../../../src/domain/entry/purge.ts";
import type { StoredResponse } from "../../../src/domain/gateway/stored-response.ts";
import { ChangeBus } from "../../../src/services/change-bus.ts";
import { EntryNews } from "../../../src/services/entry/entry-news.ts";
import { EntryStore } from "../../../src/services/entry/entry-store.ts";
import {
  ResponseCache,
  type Shelf,
} from "../../../src/services/gateway/response-cache.ts";
import { eventually, type TestService, testService } from "../../support/service.ts";
import { timed } from "../../support/moving-clock.ts";
import { responseAt } from "../postgres/responses.ts";

let one: TestService;
let other: TestService;

/** Two processes' worth of services on one database; nothing is collected. */
beforeAll(async () => {
  one = await testService({ worker: "off" });
  other = await testService({ worker: "off", address: one.address });
});
afterAll(async () => {
  await other[Symbol.asyncDispose]();
  await one[Symbol.asyncDispose]();
});

let made = 0;
/** A shelf that no other test uses. */
const newShelf = (storage: Shelf["storage"], capacity = 100): Shelf => ({
  space: `g${++made}`,
  scope: "e1 ",
  storage,
  capacity,
});
const idOn = ({ space, scope }: Shelf, path: string) => ({
  space,
  key: `${scope}GET ${path}`,
});

const using = <A, E>(
  on: TestService,
  use: (cache: ResponseCache["Service"]) => Effect.Effect<A, E>,
) => on.run(Effect.flatMap(ResponseCache, use));
const beginOn = (on: TestService, shelf: Shelf, path: string) =>
  using(on, (cache) =>
    Effect.sync(() => cache.begin(shelf, idOn(shelf, path), cache.now())),
  );
const keep = async (
  on: TestService,
  shelf: Shelf,
  path: string,
  changes: Partial<StoredResponse> = {},
) => {
  const exchange = await beginOn(on, shelf, path);
  const kept = await on.run(exchange.keep(responseAt(idOn(shelf, path), changes)));
  exchange.end();
  return kept;
};
/** The bodies that are found, the latest first. */
const found = async (on: TestService, shelf: Shelf, path: string) => {
  const variants = await using(on, (cache) => cache.find(shelf, idOn(shelf, path)));
  return variants.map(({ body }) => new TextDecoder().decode(body));
};
const saying = (text: string) => ({ body: new TextEncoder().encode(text) });
const purge = (on: TestService, selection: PurgeSelection) =>
  on
    .run(
      Effect.gen(function* () {
        const { seq } = yield* (yield* EntryStore).purge(selection);
        const bus = yield* ChangeBus;
        yield* bus.appliedHere(seq);
        return seq;
      }),
    )
    .then((seq) => acknowledged(on, seq));
/** Until all have applied it: one wait ends after a second, whoever stands still. */
const acknowledged = (on: TestService, seq: number) =>
  eventually(
    () => on.run(ChangeBus.use((bus) => bus.acknowledged(seq))),
    (unreached) => unreached === 0,
  );
const storedKeys = async ({ space }: Shelf) => {
  const rows = await one.sql<{ key: string }[]>`
    select key from entries where space = ${space} order by key`;
  return rows.map(({ key }) => key.replace(/^.* /, ""));
};

describe.each(["LOCAL", "DISTRIBUTED"] as const)(
  "ResponseCache of %s responses",
  (storage) => {
    test("finds what was kept as it was, and nothing else", async () => {
      const shelf = newShelf(storage);
      const response = responseAt(idOn(shelf, "/a"), {
        selecting: { accept: "text/plain", cookie: null },
        variant: "v1",
        params: { id: "7" },
        withCredentials: true,
        policy: "rfc9111",
        body: Uint8Array.of(0, 255, 1),
      });

      expect(await keep(one, shelf, "/a", response)).toBe("Saved");
      const [variant, ...rest] = await using(one, (cache) =>
        cache.find(shelf, idOn(shelf, "/a")),
      );
      expect(rest).toEqual([]);
      expect({ ...variant, body: [...(variant?.body ?? [])] }).toEqual({
        ...response,
        body: [0, 255, 1],
      } as never);
      expect(await found(one, shelf, "/b")).toEqual([]);
      expect(await found(one, { ...shelf, scope: "p " }, "/a")).toEqual([]);
    });

    test("keeps variants beside each other, and replaces one by its like", async () => {
      const shelf = newShelf(storage);

      for (const [variant, text, answeredAt] of [
        ["tr", "merhaba", 1],
        ["en", "hello", 2],
        ["tr", "selam", 3],
      ] as const) {
        await found(one, shelf, "/a");
        const at = { requestAt: answeredAt, responseAt: answeredAt };
        await keep(one, shelf, "/a", { variant, ...saying(text), ...at });
      }

      expect(await found(one, shelf, "/a")).toEqual(["selam", "hello"]);
    });

    test("keeps what was asked for later against what was asked for earlier", async () => {
      const shelf = newShelf(storage);
      await keep(one, shelf, "/a", { ...saying("later"), requestAt: 2_000 });

      expect(
        await keep(one, shelf, "/a", { ...saying("earlier"), requestAt: 1_999 }),
      ).toBe("Outdated");
      expect(await found(one, shelf, "/a")).toEqual(["later"]);
    });

    test.each<[string, (shelf: Shelf) => PurgeSelection]>([
      ["its key", (shelf) => ({ _tag: "Key", ...idOn(shelf, "/a") })],
      ["its space", ({ space }) => ({ _tag: "Space", space })],
      [
        "the scope of its settings",
        ({ space, scope }) => ({ _tag: "Matching", spaces: [space], prefix: scope }),
      ],
      [
        "its params",
        ({ space }) => ({
          _tag: "Matching",
          params: wantedParams({ id: "7", in: space }),
        }),
      ],
    ])(
      "forgets it when %s is purged by another process, and spoils what was asked before",
      async (_, selection) => {
        const shelf = newShelf(storage);
        const params = { id: "7", in: shelf.space };
        await keep(one, shelf, "/a", { params });
        await found(one, shelf, "/a");
        const before = await beginOn(one, shelf, "/a");

        await purge(other, selection(shelf));

        expect(before.isOutdated()).toBe(true);
        const old = responseAt(idOn(shelf, "/a"), { params, requestAt: 9_000 });
        expect(await one.run(before.keep(old))).toBe("Outdated");
        expect(await found(one, shelf, "/a")).toEqual([]);
        before.end();
        expect(await keep(one, shelf, "/a", { params, ...saying("new") })).toBe("Saved");
        expect(await found(one, shelf, "/a")).toEqual(["new"]);
      },
    );

    test("leaves alone what a purge does not cover", async () => {
      const shelf = newShelf(storage);
      await keep(one, shelf, "/a", { params: { id: "7" } });
      const exchange = await beginOn(one, shelf, "/b");

      await purge(other, {
        _tag: "Matching",
        spaces: [shelf.space],
        params: wantedParams({ id: "8" }),
      });
      await purge(other, { _tag: "Key", ...idOn(shelf, "/c") });
      await purge(other, { _tag: "Space", space: "g0" });

      expect(await found(one, shelf, "/a")).toEqual(["one"]);
      // Its params might have been those; now they are known.
      expect(exchange.isOutdated()).toBe(true);
      const response = responseAt(idOn(shelf, "/b"), { params: { id: "7" } });
      expect(await one.run(exchange.keep(response))).toBe("Saved");
    });

    test("invalidate() forgets a key with its variants, and what is under way", async () => {
      const shelf = newShelf(storage);
      for (const variant of ["tr", "en"]) await keep(one, shelf, "/a", { variant });
      await keep(one, shelf, "/b");
      const exchange = await beginOn(one, shelf, "/a");

      await using(one, (cache) => cache.invalidate(shelf, idOn(shelf, "/a")));

      expect(await found(one, shelf, "/a")).toEqual([]);
      expect(await found(one, shelf, "/b")).toEqual(["one"]);
      expect(exchange.isOutdated()).toBe(true);
      expect(await one.run(exchange.keep(responseAt(idOn(shelf, "/a"))))).toBe(
        "Outdated",
      );
    });
  },
);

describe("ResponseCache of LOCAL responses", () => {
  test("is of this process alone, and touches no store", async () => {
    const shelf = newShelf("LOCAL");
    await keep(one, shelf, "/a");

    expect(await found(other, shelf, "/a")).toEqual([]);
    expect(await storedKeys(shelf)).toEqual([]);
  });

  test("never holds more than its capacity: what was used least lately goes first", async () => {
    const shelf = newShelf("LOCAL", 3);
    for (const path of ["/a", "/b", "/c"]) await keep(one, shelf, path);
    await found(one, shelf, "/a");

    await keep(one, shelf, "/d");
    await keep(one, newShelf("LOCAL", 1), "/elsewhere");

    const left: string[] = [];
    for (const path of ["/a", "/b", "/c", "/d"]) {
      if ((await found(one, shelf, path)).length > 0) left.push(path);
    }
    expect(left).toEqual(["/a", "/c", "/d"]);
  });

  test("counts each variant, of which the latest stay", async () => {
    const shelf = newShelf("LOCAL", 2);
    await keep(one, shelf, "/a");
    for (const variant of ["1", "2", "3"]) {
      await keep(one, shelf, "/b", { variant, ...saying(variant) });
    }

    expect(await found(one, shelf, "/b")).toEqual(["3", "2"]);
    expect(await found(one, shelf, "/a")).toEqual([]);
  });

  test("has room for one where the capacity is 1", async () => {
    const shelf = newShelf("LOCAL", 1);
    await keep(one, shelf, "/a");
    await keep(one, shelf, "/b");

    expect(await found(one, shelf, "/a")).toEqual([]);
    expect(await found(one, shelf, "/b")).toEqual(["one"]);
  });
});

describe("ResponseCache of DISTRIBUTED responses", () => {
  test("is seen by the other process, also when it changes", async () => {
    const shelf = newShelf("DISTRIBUTED");
    await keep(one, shelf, "/a", { requestAt: 1 });
    expect(await found(other, shelf, "/a")).toEqual(["one"]);

    await keep(one, shelf, "/a", { ...saying("two"), requestAt: 2 });

    expect(await found(one, shelf, "/a")).toEqual(["two"]);
    await eventually(
      () => found(other, shelf, "/a"),
      ([text]) => text === "two",
    );
  });

  test("needs no store for what is held", async () => {
    const shelf = newShelf("DISTRIBUTED");
    await keep(one, shelf, "/a");
    await found(one, shelf, "/a");
    await one.sql`update entries set body = 'gone' where space = ${shelf.space}`;

    expect(await found(one, shelf, "/a")).toEqual(["one"]);
    expect(await found(other, shelf, "/a")).toEqual(["gone"]);
  });

  test("finds all variants after one was added to what another process had", async () => {
    const shelf = newShelf("DISTRIBUTED");
    await keep(one, shelf, "/a", { variant: "tr", ...saying("merhaba"), responseAt: 1 });
    await found(other, shelf, "/a");

    await keep(other, shelf, "/a", { variant: "en", ...saying("hello"), responseAt: 2 });

    await eventually(
      () => found(one, shelf, "/a"),
      (texts) => texts.join() === "hello,merhaba",
    );
    expect(await found(other, shelf, "/a")).toEqual(["hello", "merhaba"]);
  });

  test("gives what is loading when it is purged to none who asks later, and holds it not", async () => {
    const shelf = newShelf("DISTRIBUTED");
    for (let round = 0; round < 20; round++) {
      await keep(one, shelf, "/a", { requestAt: round });
      await using(other, (cache) => Effect.sync(cache.clear));
      const loading = found(other, shelf, "/a");

      await using(one, (cache) => cache.invalidate(shelf, idOn(shelf, "/a")));
      await purge(one, { _tag: "Key", ...idOn(shelf, "/a") });

      expect(await found(other, shelf, "/a")).toEqual([]);
      await loading;
      expect(await found(other, shelf, "/a")).toEqual([]);
    }
  });

  test.each([1, 3])(
    "never stores more than a capacity of %p a second after a write, in two processes",
    async (capacity) => {
      const shelf = newShelf("DISTRIBUTED", capacity);
      for (let index = 0; index < 10; index++) {
        await Promise.all([
          keep(one, shelf, `/one-${index}`),
          keep(other, shelf, `/other-${index}`),
        ]);
      }

      const { millis } = await timed(one, () =>
        eventually(
          () => storedKeys(shelf),
          (keys) => keys.length <= capacity,
        ),
      );
      expect(millis).toBeLessThan(1_000);
      expect(await storedKeys(shelf)).toHaveLength(capacity);
      const served = await found(one, shelf, "/one-0");
      expect(served).toEqual([]);
    },
  );

  test("keeps what was read in whatever process, and evicts what was not", async () => {
    const shelf = newShelf("DISTRIBUTED", 3);
    for (const path of ["/a", "/b", "/c"]) await keep(one, shelf, path);
    await one.sql`update entries set used_at = used_at - 60000 where space = ${shelf.space}`;
    await found(other, shelf, "/a");
    await eventually(
      async () => {
        const rows = await one.sql`
          select 1 from entries where space = ${shelf.space} and used_at > uc_now() - 30000`;
        return rows.length;
      },
      (used) => used === 1,
    );
    await found(one, shelf, "/c");

    await keep(one, shelf, "/d");

    await eventually(
      () => storedKeys(shelf),
      (keys) => keys.length <= 3,
    );
    expect(await storedKeys(shelf)).toEqual(["/a", "/c", "/d"]);
    await eventually(
      () => found(other, shelf, "/b"),
      (texts) => texts.length === 0,
    );
  });

  test("leaves the entries of other settings in the space alone", async () => {
    const shelf = newShelf("DISTRIBUTED", 2);
    const neighbours: Shelf[] = [
      { ...shelf, scope: "p " },
      { ...shelf, scope: "e10 " },
      { ...shelf, scope: "e1" },
    ];
    for (const neighbour of neighbours)
      await keep(one, { ...neighbour, capacity: 9 }, "/n");
    for (const path of ["/a", "/b", "/c", "/d"]) await keep(one, shelf, path);

    await eventually(
      () => storedKeys(shelf),
      (keys) => keys.length <= 5,
    );
    for (const neighbour of neighbours)
      expect(await found(one, neighbour, "/n")).toEqual(["one"]);
  });

  test("forgets what was replaced in the store, and nothing that is LOCAL by that", async () => {
    const shelf = newShelf("DISTRIBUTED");
    const local = newShelf("LOCAL");
    await keep(one, shelf, "/a");
    await found(one, shelf, "/a");
    await keep(one, local, "/a");
    await one.sql`update entries set body = 'two' where space = ${shelf.space}`;

    await one.run(EntryNews.use((news) => news.replaced(idOn(shelf, "/a"))));

    expect(await found(one, shelf, "/a")).toEqual(["two"]);
    expect(await found(one, local, "/a")).toEqual(["one"]);
  });
});

describe("the memory of a process", () => {
  test("is one for entries and responses: the one makes room for the other", async () => {
    await using small = await testService({ worker: "off", memoryMaxBytes: 100_000 });
    const shelf = newShelf("LOCAL");
    const large = { body: new Uint8Array(40_000) };
    await keep(small, shelf, "/a", large);
    await keep(small, shelf, "/b", large);
    await found(small, shelf, "/a");

    await keep(small, { ...shelf, storage: "DISTRIBUTED" }, "/c", large);
    await found(small, { ...shelf, storage: "DISTRIBUTED" }, "/c");

    expect(await found(small, shelf, "/b")).toEqual([]);
    expect(await found(small, shelf, "/a")).toHaveLength(1);
    const size = await using(small, (cache) => Effect.sync(cache.size));
    expect(size.entries).toBe(2);
    expect(size.bytes).toBeWithin(80_000, 100_001);
    expect(await keep(small, shelf, "/d", { body: new Uint8Array(100_000) })).toBe(
      "TooLarge",
    );
  });
});
