import { describe, expect, test } from "bun:test";
import { Effect, Layer, ManagedRuntime } from "effect";
import { TestClock } from "effect/testing";
import { EntryNews } from "../../src/services/entry/entry-news.ts";
import { StoreUnavailable } from "../../src/services/errors.ts";
import { capacityKeeper } from "../../src/services/gateway/keep-capacity.ts";
import {
  type Added,
  ResponseCache,
  type Shelf,
} from "../../src/services/gateway/response-cache.ts";
import { ResponseStore, type Use } from "../../src/services/gateway/response-store.ts";

const shelf: Shelf = { space: "g1", scope: "p ", storage: "DISTRIBUTED", capacity: 3 };
const idOf = (key: string) => ({ space: "g1", key });
const away = new StoreUnavailable({ operation: "test", cause: "away" });

/** One process: what it has to do, and what it asked for in which order. */
async function keeperOf() {
  const asked: string[] = [];
  const at = {
    uses: [] as Use[],
    added: [] as Added[],
    most: 0 as number | undefined,
    isAway: false,
  };
  const orAway = <A>(what: string, answer: A) =>
    Effect.suspend(() => {
      asked.push(what);
      return at.isAway ? Effect.fail(away) : Effect.succeed(answer);
    });
  const runtime = ManagedRuntime.make(
    Layer.mergeAll(
      TestClock.layer(),
      Layer.mock(ResponseCache, {
        now: () => 0,
        begin: () => {
          throw new Error("Expected no exchange");
        },
        takeUses: () => at.uses.splice(0),
        takeAdded: () => at.added.splice(0),
        clear: () => {},
        size: () => ({ entries: 0, bytes: 0 }),
      }),
      Layer.mock(ResponseStore, {
        noteUses: (uses) => orAway(`uses ${uses.length}`, undefined),
        countAdded: (added) =>
          orAway(
            `added ${added.map(({ count }) => count).join()}`,
            added.map(() => at.most),
          ),
        evict: (of, limits) =>
          orAway(`evict ${of.space} to ${limits.target}`, [idOf("p GET /old")]),
      }),
      Layer.mock(EntryNews, {
        replaced: ({ key }) => Effect.sync(() => void asked.push(`news of ${key}`)),
      }),
    ),
  );
  const turn = await runtime.runPromise(capacityKeeper);
  return {
    at,
    /** What one turn asks for, `millis` after the one before. */
    turn: async (millis = 0) => {
      asked.length = 0;
      await runtime.runPromise(
        Effect.andThen(TestClock.adjust(millis), Effect.exit(turn)),
      );
      return [...asked];
    },
    [Symbol.asyncDispose]: () => runtime.dispose(),
  };
}
const add = (count: number): Added => ({ shelf, count });

describe("capacityKeeper", () => {
  test("asks for nothing where nothing was done", async () => {
    await using keeper = await keeperOf();

    expect(await keeper.turn(5_000)).toEqual([]);
  });

  test("counts a scope at its first write, and then once it may be above its capacity", async () => {
    await using keeper = await keeperOf();
    keeper.at.most = 2;
    keeper.at.added = [add(2)];
    expect(await keeper.turn(5_000)).toEqual([
      "added 2",
      "evict g1 to 3",
      "news of p GET /old",
    ]);

    keeper.at.added = [add(1)];
    expect(await keeper.turn(250)).toEqual(["added 1"]);

    keeper.at.most = 4;
    keeper.at.added = [add(1)];
    expect(await keeper.turn(250)).toEqual([
      "added 1",
      "evict g1 to 3",
      "news of p GET /old",
    ]);
  });

  test("counts again after a minute, and where nobody has counted", async () => {
    await using keeper = await keeperOf();
    keeper.at.added = [add(1)];
    await keeper.turn(5_000);

    keeper.at.added = [add(1)];
    expect(await keeper.turn(59_999)).toEqual(["added 1"]);
    keeper.at.added = [add(1)];
    expect(await keeper.turn(1)).toContain("evict g1 to 3");
    keeper.at.most = undefined;
    keeper.at.added = [add(1)];
    expect(await keeper.turn(250)).toContain("evict g1 to 3");
  });

  test("counts what has room to spare again after ten minutes", async () => {
    await using keeper = await keeperOf();
    const large = { shelf: { ...shelf, capacity: 100_000 }, count: 1 };
    keeper.at.added = [large];
    await keeper.turn(5_000);

    keeper.at.added = [large];
    expect(await keeper.turn(599_999)).toEqual(["added 1"]);
    keeper.at.added = [large];
    expect(await keeper.turn(1)).toContain("evict g1 to 98000");
  });

  test("notes uses once a second, and before anything is evicted", async () => {
    await using keeper = await keeperOf();
    keeper.at.uses = [{ id: idOf("a"), at: 1 }];
    expect(await keeper.turn(5_000)).toEqual(["uses 1"]);

    keeper.at.uses = [{ id: idOf("a"), at: 2 }];
    expect(await keeper.turn(999)).toEqual([]);
    keeper.at.most = 4;
    keeper.at.added = [add(1)];
    expect((await keeper.turn(0)).slice(0, 3)).toEqual([
      "added 1",
      "uses 1",
      "evict g1 to 3",
    ]);
    keeper.at.uses = Array.from({ length: 4_001 }, () => ({ id: idOf("a"), at: 3 }));
    expect(await keeper.turn(1)).toEqual(["uses 2000", "uses 2000", "uses 1"]);
  });

  test("does what the store was away for when it is back", async () => {
    await using keeper = await keeperOf();
    keeper.at.isAway = true;
    keeper.at.added = [add(1)];
    expect(await keeper.turn(5_000)).toEqual(["added 1"]);
    keeper.at.added = [add(2)];
    expect(await keeper.turn(250)).toEqual(["added 3"]);

    keeper.at.isAway = false;
    expect(await keeper.turn(250)).toEqual([
      "added 3",
      "evict g1 to 3",
      "news of p GET /old",
    ]);
    expect(await keeper.turn(250)).toEqual([]);
  });
});
