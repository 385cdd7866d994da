/**
 * The in-process cache: within its budget, least recently used entries go first.
 *
 * News and purges reach it before they count as applied here. A load that is under way
 * when its entry is purged or replaced is spoiled: its result is neither held nor given
 * to anyone who asks from then on.
 *
 * @module
 */
import * as Deferred from "effect/Deferred";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Layer from "effect/Layer";
import type { EntryId } from "../../domain/entry/entry.ts";
import { dataBytes } from "../../domain/entry/data-encoding.ts";
import type { PurgeSelection } from "../../domain/entry/purge.ts";
import { ChangeBus } from "../../services/change-bus.ts";
import {
  EntryMemory,
  type Held,
  type Loaded,
} from "../../services/entry/entry-memory.ts";
import { EntryNews } from "../../services/entry/entry-news.ts";
import type { Found } from "../../services/entry/entry-store.ts";
import type { StoreUnavailable } from "../../services/errors.ts";
import { heldEntries, nameOf } from "./held-entries.ts";
import { type Load, loads } from "./loads.ts";
import { layer as budgetLayer, MemoryBudget } from "./memory-budget.ts";

/** `undefined`: nothing was loaded, and who waits must load for himself. */
type Loading = Load<Loaded | undefined>;

/** With a budget of its own. */
export const layer = (maxBytes: number) =>
  sharingLayer.pipe(Layer.provide(budgetLayer(maxBytes)));

/** Within a budget that others share. */
export const sharingLayer = Layer.effect(
  EntryMemory,
  Effect.gen(function* () {
    const bus = yield* ChangeBus;
    const news = yield* EntryNews;
    const scope = yield* Effect.scope;

    const held = heldEntries(yield* MemoryBudget);
    const loading = loads<Loaded | undefined>();
    let read = new Set<Held>();

    const forgetAll = () => {
      loading.spoilAll();
      held.clear();
    };
    const purge = (selection: PurgeSelection) => {
      loading.purge(selection);
      held.purge(selection);
    };

    yield* bus.subscribe((event) =>
      Effect.sync(() => {
        if (event._tag === "Lost") return forgetAll();
        const { change } = event.logged;
        if (change._tag === "Purged") purge(change.selection);
      }),
    );
    yield* news.subscribe({
      replaced: (names) => {
        loading.replaced(names);
        held.replaced(names);
      },
      lost: forgetAll,
    });

    const peek = (id: EntryId): Held | undefined => {
      const found = held.find(id);
      if (found !== undefined) read.add(found);
      return found;
    };

    const finish = (
      one: Loading,
      exit: Exit.Exit<Found | undefined, StoreUnavailable>,
    ) => {
      const loaded = Exit.map(exit, (found) => found && loadedFrom(found));
      loading.finish(one, loaded, (done) => {
        if (done?._tag !== "Held") return;
        held.hold(done.held);
        read.add(done.held);
      });
    };

    /** What is held or loading; `undefined` where neither is so. */
    const underWay = (id: EntryId) => {
      const found = peek(id);
      if (found !== undefined) {
        return Effect.succeed<Loaded>({ _tag: "Held", held: found });
      }
      const running = loading.find(nameOf(id));
      return running === undefined ? undefined : Deferred.await(running.done);
    };
    const begin = (id: EntryId): Loading => loading.begin(nameOf(id), id);

    /** Not a child of who asked first: others wait for it too. */
    const fetch = (
      mine: readonly Loading[],
      find: Effect.Effect<readonly Found[] | undefined, StoreUnavailable>,
    ) =>
      find.pipe(
        Effect.exit,
        Effect.map((exit) =>
          mine.forEach((one, index) =>
            finish(
              one,
              Exit.map(exit, (found) => found?.[index]),
            ),
          ),
        ),
        Effect.forkIn(scope),
      );

    const load = (
      id: EntryId,
      find: Effect.Effect<Found, StoreUnavailable>,
    ): Effect.Effect<Loaded, StoreUnavailable> =>
      // What is begun must be fetched, whoever goes.
      Effect.uninterruptibleMask((restore) => {
        const given = underWay(id);
        if (given !== undefined) {
          return Effect.flatMap(restore(given), (loaded) =>
            loaded === undefined ? restore(load(id, find)) : Effect.succeed(loaded),
          );
        }
        const one = begin(id);
        const found = Effect.map(find, (found) => [found]);
        return fetch([one], found).pipe(
          Effect.andThen(restore(Deferred.await(one.done))),
          Effect.map(present),
        );
      });

    const loadMany: EntryMemory["Service"]["loadMany"] = (ids, find) =>
      Effect.uninterruptibleMask((restore) => {
        const own = new Map<number, Loading>();
        // Each is known to be loading before the store is asked, so that no news is missed.
        const awaited = ids.map((id, index) => {
          const given = underWay(id);
          if (given !== undefined) return given;
          const one = begin(id);
          own.set(index, one);
          return Deferred.await(one.done);
        });
        const mine = [...own.values()];
        const started =
          mine.length === 0 ? Effect.void : fetch(mine, find(mine.map(({ id }) => id)));
        return started.pipe(
          Effect.andThen(restore(Effect.all(awaited))),
          Effect.flatMap((loaded) => {
            const missing = loaded.flatMap((one, index) =>
              one === undefined ? index : [],
            );
            if (missing.length === 0) return Effect.succeed(loaded.map(present));
            return missing.some((index) => own.has(index))
              ? Effect.succeed(undefined)
              : restore(loadMany(ids, find));
          }),
        );
      });

    return EntryMemory.of({
      peek,
      load,
      loadMany,
      takeRead: () => {
        const taken = [...read];
        read = new Set();
        return taken;
      },
      clear: forgetAll,
      size: held.size,
    });
  }),
);

function loadedFrom({ entry, standing }: Found): Loaded {
  if (entry === undefined) return { _tag: "Absent", standing };
  const data = dataBytes(entry.encoding, entry.body);
  return { _tag: "Held", held: { entry, data, standing, askedUntil: 0, trying: false } };
}

function present(loaded: Loaded | undefined): Loaded {
  if (loaded === undefined) throw new Error("Expected what was asked for");
  return loaded;
}
