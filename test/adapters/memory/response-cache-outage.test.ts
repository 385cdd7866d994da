import { describe, expect, test } from "bun:test";
import { Deferred, Effect, Layer, ManagedRuntime } from "effect";
import * as MemoryBudget from "../../../src/adapters/memory/memory-budget.ts";
import * as ResponseCacheLayer from "../../../src/adapters/memory/response-cache.ts";
import type { StoredResponse } from "../../../src/domain/gateway/stored-response.ts";
import { type BusEvent, ChangeBus } from "../../../src/services/change-bus.ts";
import { EntryNews } from "../../../src/services/entry/entry-news.ts";
import { EntryStore } from "../../../src/services/entry/entry-store.ts";
import { StoreUnavailable } from "../../../src/services/errors.ts";
import {
  ResponseCache,
  type Shelf,
} from "../../../src/services/gateway/response-cache.ts";
import { ResponseStore } from "../../../src/services/gateway/response-store.ts";
import { responseAt } from "../postgres/responses.ts";

const away = new StoreUnavailable({ operation: "test", cause: "away" });
const shelf: Shelf = { space: "g1", scope: "p ", storage: "DISTRIBUTED", capacity: 9 };
const local: Shelf = { ...shelf, storage: "LOCAL" };
const id = { space: "g1", key: "p GET /a" };

/** The cache over a store that does as the test says. */
function cacheOver(store: {
  find?: Effect.Effect<readonly StoredResponse[], StoreUnavailable>;
  save?: Effect.Effect<"Added", StoreUnavailable>;
}) {
  let inTouch = true;
  const told: ((event: BusEvent) => Effect.Effect<void, StoreUnavailable>)[] = [];
  const onNews: Parameters<EntryNews["Service"]["subscribe"]>[0][] = [];
  const sinceSeqs: number[] = [];
  const runtime = ManagedRuntime.make(
    ResponseCacheLayer.layer.pipe(
      Layer.provide(
        Layer.mergeAll(
          MemoryBudget.layer(1_000_000),
          Layer.mock(ChangeBus, {
            appliedSeq: Effect.succeed(7),
            inTouch: Effect.sync(() => inTouch),
            subscribe: (apply) => Effect.sync(() => void told.push(apply)),
          }),
          Layer.mock(EntryNews, {
            replaced: () => Effect.void,
            subscribe: (heard) => Effect.sync(() => void onNews.push(heard)),
          }),
          Layer.mock(EntryStore, { purge: () => Effect.fail(away) }),
          Layer.mock(ResponseStore, {
            find: () => store.find ?? Effect.succeed([]),
            save: (_, sinceSeq) => {
              sinceSeqs.push(sinceSeq);
              return store.save ?? Effect.succeed("Added" as const);
            },
          }),
        ),
      ),
    ),
  );
  const run = <A, E>(use: (cache: ResponseCache["Service"]) => Effect.Effect<A, E>) =>
    runtime.runPromise(Effect.flatMap(ResponseCache, use));
  return {
    run,
    find: (on: Shelf) => run((cache) => cache.find(on, id)),
    keep: (on: Shelf) =>
      run((cache) => cache.begin(on, id, cache.now()).keep(responseAt(id))),
    sinceSeqs,
    loseTouch: () => {
      inTouch = false;
    },
    tell: (event: BusEvent) =>
      Effect.runPromise(Effect.forEach(told, (apply) => apply(event), { discard: true })),
    loseNews: () => onNews.forEach(({ lost }) => lost()),
    [Symbol.asyncDispose]: () => runtime.dispose(),
  };
}
const purged = (seq: number, key = id.key): BusEvent => ({
  _tag: "Logged",
  logged: {
    seq,
    change: { _tag: "Purged", selection: { _tag: "Key", space: id.space, key } },
  },
});

describe("ResponseCache", () => {
  test.each([shelf, local])(
    "answers nothing from memory that may be out of date: $storage",
    async (on) => {
      await using cache = cacheOver({ find: Effect.succeed([responseAt(id)]) });
      await cache.keep(on);
      expect(await cache.find(on)).toHaveLength(1);

      cache.loseTouch();

      await expect(cache.find(on)).rejects.toMatchObject({ _tag: "StoreUnavailable" });
    },
  );

  test.each([shelf, local])(
    "forgets all once changes were missed: $storage",
    async (on) => {
      let stored = [responseAt(id)];
      await using cache = cacheOver({ find: Effect.sync(() => stored) });
      await cache.keep(on);
      await cache.find(on);
      stored = [];

      await cache.tell({ _tag: "Lost", seq: 9 });

      expect(await cache.find(on)).toEqual([]);
    },
  );

  test("forgets what the store has once news were missed, and keeps what is LOCAL", async () => {
    let stored = [responseAt(id)];
    await using cache = cacheOver({ find: Effect.sync(() => stored) });
    await cache.keep(local);
    await cache.find(shelf);
    stored = [];

    cache.loseNews();

    expect(await cache.find(shelf)).toEqual([]);
    expect(await cache.find(local)).toHaveLength(1);
  });

  test("keeps nothing LOCAL of an exchange during which changes were missed", async () => {
    await using cache = cacheOver({});
    const exchange = await cache.run((one) =>
      Effect.sync(() => one.begin(local, id, one.now())),
    );

    await cache.tell({ _tag: "Lost", seq: 9 });

    expect(exchange.isOutdated()).toBe(true);
    expect(await Effect.runPromise(exchange.keep(responseAt(id)))).toBe("Outdated");
  });

  test("keeps nothing of an exchange that begins by settings from before a purge of its key", async () => {
    await using cache = cacheOver({});
    const since = await cache.run((one) => Effect.sync(() => one.now()));
    await cache.tell(purged(8, id.key));

    const late = await cache.run((one) => Effect.sync(() => one.begin(local, id, since)));
    const next = await cache.run((one) =>
      Effect.sync(() => one.begin(local, id, one.now())),
    );

    expect([late.isOutdated(), next.isOutdated()]).toEqual([true, false]);
    expect(await Effect.runPromise(late.keep(responseAt(id)))).toBe("Outdated");
  });

  test("saves by the change that was applied last when the exchange began", async () => {
    await using cache = cacheOver({});
    await cache.keep(shelf);
    const exchange = await cache.run((one) =>
      Effect.sync(() => one.begin(shelf, id, one.now())),
    );
    await cache.tell(purged(8, "p GET /other"));
    await Effect.runPromise(exchange.keep(responseAt(id)));
    await cache.keep(shelf);

    expect(cache.sinceSeqs).toEqual([7, 7, 8]);
  });

  test("fails to keep and to find where the store is away, and serves what is held", async () => {
    let find: Effect.Effect<readonly StoredResponse[], StoreUnavailable> = Effect.succeed(
      [responseAt(id)],
    );
    await using cache = cacheOver({
      find: Effect.suspend(() => find),
      save: Effect.fail(away),
    });
    await cache.find(shelf);
    find = Effect.fail(away);

    await expect(cache.keep(shelf)).rejects.toMatchObject({ _tag: "StoreUnavailable" });
    await expect(cache.run((one) => one.invalidate(shelf, id))).rejects.toMatchObject({
      _tag: "StoreUnavailable",
    });
    expect(await cache.find(shelf)).toHaveLength(1);
    const other = { ...id, key: "p GET /other" };
    await expect(cache.run((one) => one.find(shelf, other))).rejects.toMatchObject({
      _tag: "StoreUnavailable",
    });
    expect(await cache.keep(local)).toBe("Saved");
    await cache.run((one) => one.invalidate(local, id));
    expect(await cache.find(local)).toEqual([]);
  });

  test.each<[string, (cache: ReturnType<typeof cacheOver>) => unknown]>([
    ["purged", (cache) => cache.tell(purged(8))],
    ["lost", (cache) => cache.tell({ _tag: "Lost", seq: 8 })],
    ["without news", (cache) => cache.loseNews()],
    ["cleared", (cache) => cache.run((one) => Effect.sync(one.clear))],
  ])(
    "gives what is loading when it is %s to none who asks later, and holds it not",
    async (_, happen) => {
      const slow = Deferred.makeUnsafe<readonly StoredResponse[], StoreUnavailable>();
      let finds = 0;
      await using cache = cacheOver({
        find: Effect.suspend(() =>
          ++finds === 1 ? Deferred.await(slow) : Effect.succeed([]),
        ),
      });
      const before = [cache.find(shelf), cache.find(shelf)];
      await new Promise(setImmediate);
      expect(finds).toBe(1);

      await happen(cache);
      const after = cache.find(shelf);
      Deferred.doneUnsafe(slow, Effect.succeed([responseAt(id)]));

      expect((await Promise.all(before)).map(({ length }) => length)).toEqual([1, 1]);
      expect(await after).toEqual([]);
      expect(await cache.find(shelf)).toEqual([]);
    },
  );
});
