/**
 * Keeps what the gateway stores within the capacity of its settings.
 *
 * What was stored from here is counted once in a while, and what is too much evicted: of
 * many a hundredth at once, so that it is not done for each one.
 *
 * @module
 */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import { evictionLimits } from "../../domain/gateway/eviction-limits.ts";
import { EntryNews } from "../entry/entry-news.ts";
import type { StoreUnavailable } from "../errors.ts";
import { type Added, ResponseCache, type Shelf } from "./response-cache.ts";
import { ResponseStore } from "./response-store.ts";

/**
 * What a process that was killed had not told is found after this. Where room is kept free
 * it does no harm for longer.
 */
const RECOUNT_MILLIS = { exact: 60_000, withRoom: 600_000 } as const;

const NOTE_USES_MILLIS = 1_000;
const PAGE = 2_000;

/**
 * One process's part of it; gives a turn, to be taken every quarter of a second. What a turn
 * failed to do the next one does.
 */
export const capacityKeeper = Effect.gen(function* () {
  const cache = yield* ResponseCache;
  const store = yield* ResponseStore;
  const news = yield* EntryNews;
  const countedAt = new Map<string, number>();
  let waiting = new Map<string, Added>();
  let usesNotedAt = 0;

  const noteUses = Effect.suspend(() => {
    const uses = cache.takeUses();
    const pages = Array.from({ length: Math.ceil(uses.length / PAGE) }, (_, index) =>
      uses.slice(index * PAGE, (index + 1) * PAGE),
    );
    return Effect.forEach(pages, store.noteUses, { discard: true });
  });

  const evictFrom = Effect.fnUntraced(function* (shelf: Shelf, now: number) {
    // What was used here since a moment ago is not to go.
    yield* noteUses;
    const evicted = yield* store.evict(shelf, evictionLimits(shelf.capacity));
    countedAt.set(nameOf(shelf), now);
    for (const id of evicted) yield* news.replaced(id);
  });

  const isDue = (shelf: Shelf, most: number | undefined, now: number) => {
    const { capacity } = evictionLimits(shelf.capacity);
    if (most === undefined || most > capacity) return true;
    const millis = RECOUNT_MILLIS[capacity < shelf.capacity ? "withRoom" : "exact"];
    return now - (countedAt.get(nameOf(shelf)) ?? -Infinity) >= millis;
  };

  return Effect.gen(function* () {
    const now = yield* Clock.currentTimeMillis;
    if (now - usesNotedAt >= NOTE_USES_MILLIS) {
      usesNotedAt = now;
      yield* noteUses;
    }
    waiting = together(waiting, cache.takeAdded());
    const added = [...waiting.values()];
    if (added.length === 0) return;
    const counts = yield* store.countAdded(
      added.map(({ shelf, count }) => ({ ...shelf, count })),
    );
    waiting = new Map();
    const due = added.flatMap(({ shelf }, index) =>
      isDue(shelf, counts[index], now) ? shelf : [],
    );
    for (const shelf of due) {
      yield* evictFrom(shelf, now).pipe(
        Effect.catchTag("StoreUnavailable", () =>
          Effect.sync(() => {
            waiting = together(waiting, [{ shelf, count: 0 }]);
            countedAt.delete(nameOf(shelf));
          }),
        ),
      );
    }
  }) satisfies Effect.Effect<void, StoreUnavailable>;
});

const nameOf = ({ space, scope }: Shelf): string => `${space} ${scope}`;

function together(before: ReadonlyMap<string, Added>, added: readonly Added[]) {
  const all = new Map(before);
  for (const { shelf, count } of added) {
    const name = nameOf(shelf);
    all.set(name, { shelf, count: count + (all.get(name)?.count ?? 0) });
  }
  return all;
}
