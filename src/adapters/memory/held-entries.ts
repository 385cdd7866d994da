/**
 * The entries that this process holds; the least recently used go first.
 *
 * @module
 */
import { type EntryId, newsName } from "../../domain/entry/entry.ts";
import { type PurgeSelection, selects } from "../../domain/entry/purge.ts";
import type { Held } from "../../services/entry/entry-memory.ts";
import type { Kept, MemoryBudget } from "./memory-budget.ts";
import { paramIndex } from "./param-index.ts";

/** Objects, headers and map slots around a body, roughly. */
const OVERHEAD_BYTES = 1_000;

/** Of one held entry. */
interface Place extends Kept {
  readonly held: Held;
}

export function heldEntries(budget: MemoryBudget["Service"]) {
  const places = new Map<string, Place>();
  const nameOfNews = new Map<string, string>();
  const byParam = paramIndex();
  let bytes = 0;

  const drop = (name: string) => {
    const place = places.get(name);
    if (place === undefined) return;
    const { entry } = place.held;
    places.delete(name);
    nameOfNews.delete(newsName(entry));
    byParam.remove(name, entry.params);
    bytes -= place.bytes;
    budget.giveBack(place);
  };

  /** Names of all that `selection` may cover. */
  const candidates = (selection: PurgeSelection): Iterable<string> => {
    if (selection._tag === "Key") return [nameOf(selection)];
    const wanted = selection._tag === "Matching" ? selection.params : undefined;
    return wanted === undefined ? [...places.keys()] : byParam.candidates(wanted);
  };

  return {
    find: (id: EntryId): Held | undefined => {
      const place = places.get(nameOf(id));
      if (place !== undefined) budget.use(place);
      return place?.held;
    },

    /** Instead of what is held of its key; not where there is no room for it. */
    hold: (held: Held) => {
      const name = nameOf(held.entry);
      drop(name);
      const place = { held, bytes: sizeOf(held), drop: () => drop(name) };
      if (!budget.take(place)) return;
      places.set(name, place);
      nameOfNews.set(newsName(held.entry), name);
      byParam.add(name, held.entry.params);
      bytes += place.bytes;
    },

    purge: (selection: PurgeSelection) => {
      for (const name of candidates(selection)) {
        const held = places.get(name)?.held;
        if (held !== undefined && selects(selection, held.entry)) drop(name);
      }
    },

    /** Forgets what the store has otherwise; names are `newsName`. */
    replaced: (names: readonly string[]) => {
      for (const news of names) {
        const name = nameOfNews.get(news);
        if (name !== undefined) drop(name);
      }
    },

    clear: () => {
      for (const name of places.keys()) drop(name);
    },

    size: () => ({ entries: places.size, bytes }),
  };
}

export const nameOf = ({ space, key }: EntryId): string => `${space}\0${key}`;

function sizeOf({ entry, data }: Held): number {
  return (
    OVERHEAD_BYTES +
    2 * entry.key.length +
    entry.body.length +
    (data === entry.body ? 0 : data.length)
  );
}
