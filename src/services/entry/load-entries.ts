/**
 * Loads many entries: from memory, and the rest from the store in one round trip.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import type { EntryId } from "../../domain/entry/entry.ts";
import { ChangeBus } from "../change-bus.ts";
import { StoreUnavailable } from "../errors.ts";
import { EntryMemory } from "./entry-memory.ts";
import { EntryStore } from "./entry-store.ts";

/**
 * In the order of `ids`, which differ; `undefined` when the store's have more than
 * `mostBytes` together. Fails as `loadEntry` does.
 */
export const loadEntries = Effect.fnUntraced(function* (
  ids: readonly EntryId[],
  mostBytes: number,
) {
  const bus = yield* ChangeBus;
  const memory = yield* EntryMemory;
  const store = yield* EntryStore;
  if (!(yield* bus.inTouch)) {
    const cause = "out of touch";
    return yield* new StoreUnavailable({ operation: "loadEntries", cause });
  }
  return yield* memory.loadMany(ids, (missing) => store.findMany(missing, mostBytes));
});
