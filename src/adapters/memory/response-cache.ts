/**
 * The gateway's responses in this process, in front of the store.
 *
 * News and purges reach it before they count as applied here. A load that is under way when
 * its key is purged or replaced is spoiled: its result is neither held nor given to anyone
 * who asks from then on.
 *
 * @module
 */
import * as Clock from "effect/Clock";
import * as Deferred from "effect/Deferred";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import type { EntryId } from "../../domain/entry/entry.ts";
import type { PurgeSelection } from "../../domain/entry/purge.ts";
import type { StoredResponse } from "../../domain/gateway/stored-response.ts";
import { ChangeBus } from "../../services/change-bus.ts";
import { EntryNews } from "../../services/entry/entry-news.ts";
import { EntryStore } from "../../services/entry/entry-store.ts";
import { StoreUnavailable } from "../../services/errors.ts";
import {
  type Added,
  type KeepOutcome,
  ResponseCache,
  type Shelf,
} from "../../services/gateway/response-cache.ts";
import { ResponseStore, type Use } from "../../services/gateway/response-store.ts";
import { exchanges, type UnderWay } from "./exchanges.ts";
import { heldResponses, nameOf } from "./held-responses.ts";
import { loads } from "./loads.ts";
import { MemoryBudget } from "./memory-budget.ts";

type Variants = readonly StoredResponse[];

export const layer = Layer.effect(
  ResponseCache,
  Effect.gen(function* () {
    const bus = yield* ChangeBus;
    const news = yield* EntryNews;
    const entries = yield* EntryStore;
    const store = yield* ResponseStore;
    const held = heldResponses(yield* MemoryBudget);
    const scope = yield* Effect.scope;

    const underWay = exchanges();
    const loading = loads<Variants>();
    let uses = new Map<string, Use>();
    let added = new Map<string, Added>();
    let seq = 0;

    const purge = (selection: PurgeSelection) => {
      // What is asked for is not known by its params yet.
      underWay.purge(selection, seq);
      loading.purge(selection);
      held.purge(selection);
    };
    const forgetAll = () => {
      loading.spoilAll();
      held.clear();
    };

    yield* bus.subscribe((event) =>
      Effect.sync(() => {
        if (event._tag === "Lost") {
          seq = event.seq;
          underWay.lose(event.seq);
          return forgetAll();
        }
        const { change } = event.logged;
        seq = event.logged.seq;
        if (change._tag === "Purged") purge(change.selection);
      }),
    );
    seq = Math.max(seq, yield* bus.appliedSeq);
    yield* news.subscribe({
      replaced: (names) => {
        loading.replaced(names);
        held.replaced(names);
      },
      lost: () => {
        loading.spoilAll();
        held.forgetStored();
      },
    });

    /** However many ask at once, the store is asked once; for all of them, and so not by one. */
    const load = (shelf: Shelf, id: EntryId) =>
      Effect.uninterruptibleMask((restore) => {
        const name = nameOf(shelf, id);
        const running = loading.find(name);
        if (running !== undefined) return restore(Deferred.await(running.done));
        const load = loading.begin(name, id);
        const hold = (variants: Variants) => held.hold(shelf, id, variants);
        return store.find(id).pipe(
          Effect.exit,
          Effect.map((exit) => loading.finish(load, exit, hold)),
          Effect.forkIn(scope),
          Effect.andThen(restore(Deferred.await(load.done))),
        );
      });

    /** By its age, so that what was used last is noted last. */
    const noteUse = (name: string, id: EntryId, at: number) => {
      uses.delete(name);
      uses.set(name, { id, at });
    };
    const noteAdded = (shelf: Shelf) => {
      const name = `${shelf.space}\0${shelf.scope}`;
      const count = (added.get(name)?.count ?? 0) + 1;
      added.set(name, { shelf, count });
    };

    const keepHere = (
      shelf: Shelf,
      exchange: UnderWay,
      response: StoredResponse,
    ): KeepOutcome => {
      if (exchange.isLost() || exchange.isCovered(response)) return "Outdated";
      const others = held.find(shelf, exchange.id)?.variants ?? [];
      const before = others.find(({ variant }) => variant === response.variant);
      if (before !== undefined && before.requestAt > response.requestAt)
        return "Outdated";
      const variants = withVariant(others, response);
      return held.hold(shelf, exchange.id, variants) ? "Saved" : "TooLarge";
    };

    const keepInStore = Effect.fnUntraced(function* (
      shelf: Shelf,
      exchange: UnderWay,
      response: StoredResponse,
    ) {
      const { id } = exchange;
      // Longer ago than the store remembers purges, only this process knows.
      if (exchange.isCovered(response)) return "Outdated";
      const before = held.find(shelf, id);
      const stored = yield* store.save(response, exchange.sinceSeq);
      if (stored === "Outdated") return "Outdated";
      if (stored === "Added") noteAdded(shelf);
      // One that is held is all that the store has, as long as no news of the key came.
      const isWhole = before !== undefined && held.find(shelf, id) === before;
      yield* news.replaced(id);
      if (isWhole && !exchange.isOutdated()) {
        held.hold(shelf, id, withVariant(before.variants, response));
      }
      return "Saved";
    });

    return ResponseCache.of({
      find: Effect.fnUntraced(function* (shelf, id) {
        if (!(yield* bus.inTouch)) {
          const cause = "out of touch";
          return yield* new StoreUnavailable({ operation: "ResponseCache.find", cause });
        }
        const group = held.find(shelf, id);
        if (shelf.storage === "LOCAL") return group?.variants ?? [];
        const variants = group?.variants ?? (yield* load(shelf, id));
        if (variants.length > 0) {
          noteUse(nameOf(shelf, id), id, yield* Clock.currentTimeMillis);
        }
        return variants;
      }),

      now: () => seq,
      begin: (shelf, id, since) => {
        const exchange = underWay.begin(id, since);
        return {
          isOutdated: exchange.isOutdated,
          keep: (response) =>
            shelf.storage === "LOCAL"
              ? Effect.sync(() => keepHere(shelf, exchange, response))
              : keepInStore(shelf, exchange, response),
          end: () => underWay.end(exchange),
        };
      },

      invalidate: (shelf, id, below) => {
        const selection: PurgeSelection =
          below === undefined
            ? { _tag: "Key", ...idOnly(id) }
            : { _tag: "Matching", spaces: [id.space], prefix: below };
        if (shelf.storage === "LOCAL") return Effect.sync(() => purge(selection));
        return Effect.flatMap(entries.purge(selection), ({ seq: purgedAt }) =>
          bus.appliedHere(purgedAt),
        );
      },

      takeUses: () => {
        const taken = [...uses.values()];
        uses = new Map();
        return taken;
      },
      takeAdded: () => {
        const taken = [...added.values()];
        added = new Map();
        return taken;
      },
      clear: forgetAll,
      size: held.size,
    });
  }),
);

const idOnly = ({ space, key }: EntryId): EntryId => ({ space, key });

/** The one that was answered last first. */
function withVariant(others: Variants, response: StoredResponse): Variants {
  const rest = others.filter(({ variant }) => variant !== response.variant);
  return [response, ...rest];
}
