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
import { type EntryId, newsName } from "../../domain/entry/entry.ts";
import { dataBytes } from "../../domain/entry/data-encoding.ts";
import { mightSelect, type PurgeSelection, selects } from "../../domain/entry/purge.ts";
import { ChangeBus } from "../../services/change-bus.ts";
import {
  EntryMemory,
  type Held,
  type Loaded,
} from "../../services/entry/entry-memory.ts";
import { EntryNews } from "../../services/entry/entry-news.ts";
import type { Found } from "../../services/entry/entry-store.ts";
import type { StoreUnavailable } from "../../services/errors.ts";
import { type Kept, layer as budgetLayer, MemoryBudget } from "./memory-budget.ts";
import { paramIndex } from "./param-index.ts";

/** Objects, headers and map slots around a body, roughly. */
const OVERHEAD_BYTES = 1_000;

interface Fill {
  readonly id: EntryId;
  /** `undefined`: nothing was loaded, and who waits must load for himself. */
  readonly done: Deferred.Deferred<Loaded | undefined, StoreUnavailable>;
  spoiled: boolean;
}

/** Of one held entry. */
interface Place extends Kept {
  readonly held: Held;
}

/** With a budget of its own. */
export const layer = (maxBytes: number) =>
  sharingLayer.pipe(Layer.provide(budgetLayer(maxBytes)));

/** Within a budget that others share. */
export const sharingLayer = Layer.effect(
  EntryMemory,
  Effect.gen(function* () {
    const budget = yield* MemoryBudget;
    const bus = yield* ChangeBus;
    const news = yield* EntryNews;
    const scope = yield* Effect.scope;

    const held = new Map<string, Place>();
    const nameOfNews = new Map<string, string>();
    const byParam = paramIndex();
    const fills = new Map<string, Fill>();
    let read = new Set<Held>();
    let bytes = 0;

    const nameOf = ({ space, key }: EntryId) => `${space}\0${key}`;
    const sizeOf = (one: Held) =>
      OVERHEAD_BYTES +
      2 * one.entry.key.length +
      one.entry.body.length +
      (one.data === one.entry.body ? 0 : one.data.length);

    const drop = (name: string) => {
      const place = held.get(name);
      if (place === undefined) return;
      const { entry } = place.held;
      held.delete(name);
      nameOfNews.delete(newsName(entry));
      byParam.remove(name, entry.params);
      bytes -= place.bytes;
      budget.giveBack(place);
    };

    const hold = (one: Held) => {
      const name = nameOf(one.entry);
      drop(name);
      const place = { held: one, bytes: sizeOf(one), drop: () => drop(name) };
      if (!budget.take(place)) return;
      held.set(name, place);
      nameOfNews.set(newsName(one.entry), name);
      byParam.add(name, one.entry.params);
      bytes += place.bytes;
    };

    const spoil = (affected: (id: EntryId) => boolean) => {
      for (const [name, fill] of fills) {
        if (!affected(fill.id)) continue;
        fill.spoiled = true;
        fills.delete(name);
      }
    };

    const forgetAll = () => {
      spoil(() => true);
      for (const name of held.keys()) drop(name);
    };

    /** Names of all that `selection` may cover of what is held. */
    const candidates = (selection: PurgeSelection): Iterable<string> => {
      if (selection._tag === "Key") return [nameOf(selection)];
      const wanted = selection._tag === "Matching" ? selection.params : undefined;
      return wanted === undefined ? [...held.keys()] : byParam.candidates(wanted);
    };

    const purge = (selection: PurgeSelection) => {
      // What is loading is not known by its params yet.
      spoil((id) => mightSelect(selection, id));
      for (const name of candidates(selection)) {
        const one = held.get(name)?.held;
        if (one !== undefined && selects(selection, one.entry)) drop(name);
      }
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
        const replaced = new Set(names);
        if (fills.size > 0) spoil((id) => replaced.has(newsName(id)));
        for (const name of names) {
          const known = nameOfNews.get(name);
          if (known !== undefined) drop(known);
        }
      },
      lost: forgetAll,
    });

    const take = (place: Place): Held => {
      budget.use(place);
      read.add(place.held);
      return place.held;
    };

    const begin = (id: EntryId): Fill => {
      const fill: Fill = { id, done: Deferred.makeUnsafe(), spoiled: false };
      fills.set(nameOf(id), fill);
      return fill;
    };

    const finish = (fill: Fill, exit: Exit.Exit<Found | undefined, StoreUnavailable>) => {
      const name = nameOf(fill.id);
      if (fills.get(name) === fill) fills.delete(name);
      const loaded = Exit.map(exit, (found) =>
        found === undefined ? undefined : loadedFrom(found),
      );
      if (Exit.isSuccess(loaded) && loaded.value?._tag === "Held" && !fill.spoiled) {
        hold(loaded.value.held);
        read.add(loaded.value.held);
      }
      Deferred.doneUnsafe(fill.done, loaded);
    };

    /** What is held or loading; `undefined` where neither is so. */
    const underWay = (id: EntryId) => {
      const name = nameOf(id);
      const place = held.get(name);
      if (place !== undefined) {
        return Effect.succeed<Loaded>({ _tag: "Held", held: take(place) });
      }
      const running = fills.get(name);
      return running === undefined ? undefined : Deferred.await(running.done);
    };

    /** Not a child of who asked first: others wait for it too. */
    const fetch = (
      fills: readonly Fill[],
      find: Effect.Effect<readonly Found[] | undefined, StoreUnavailable>,
    ) =>
      find.pipe(
        Effect.exit,
        Effect.map((exit) =>
          fills.forEach((fill, index) =>
            finish(
              fill,
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
      Effect.suspend(() => {
        const given = underWay(id);
        if (given !== undefined) {
          return Effect.flatMap(given, (loaded) =>
            loaded === undefined ? load(id, find) : Effect.succeed(loaded),
          );
        }
        const fill = begin(id);
        const found = Effect.map(find, (one) => [one]);
        return fetch([fill], found).pipe(
          Effect.andThen(Deferred.await(fill.done)),
          Effect.map(present),
        );
      });

    const loadMany: EntryMemory["Service"]["loadMany"] = (ids, find) =>
      Effect.suspend(() => {
        const own = new Map<number, Fill>();
        // Each is known to be loading before the store is asked, so that no news is missed.
        const loads = ids.map((id, index) => {
          const given = underWay(id);
          if (given !== undefined) return given;
          const fill = begin(id);
          own.set(index, fill);
          return Deferred.await(fill.done);
        });
        const mine = [...own.values()];
        const started =
          mine.length === 0 ? Effect.void : fetch(mine, find(mine.map(({ id }) => id)));
        return started.pipe(
          Effect.andThen(Effect.all(loads)),
          Effect.flatMap((loaded) => {
            const missing = loaded.flatMap((one, index) =>
              one === undefined ? index : [],
            );
            if (missing.length === 0) return Effect.succeed(loaded.map(present));
            return missing.some((index) => own.has(index))
              ? Effect.succeed(undefined)
              : loadMany(ids, find);
          }),
        );
      });

    return EntryMemory.of({
      peek: (id) => {
        const place = held.get(nameOf(id));
        return place === undefined ? undefined : take(place);
      },
      load,
      loadMany,
      takeRead: () => {
        const taken = [...read];
        read = new Set();
        return taken;
      },
      clear: forgetAll,
      size: () => ({ entries: held.size, bytes }),
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
