/**
 * Loads one entry: from memory, else from the store.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import type { EntryId } from "../../domain/entry/entry.ts";
import { ChangeBus } from "../change-bus.ts";
import { StoreUnavailable } from "../errors.ts";
import { EntryMemory } from "./entry-memory.ts";
import { EntryStore } from "./entry-store.ts";

/** Fails when the store is needed and away, or was away so long that memory may be out of date. */
export const loadEntry = Effect.fnUntraced(function* (id: EntryId) {
  const bus = yield* ChangeBus;
  const memory = yield* EntryMemory;
  if (!(yield* bus.inTouch)) {
    return yield* new StoreUnavailable({ operation: "loadEntry", cause: "out of touch" });
  }
  const held = memory.peek(id);
  if (held !== undefined) return { _tag: "Held", held } as const;
  const store = yield* EntryStore;
  return yield* memory.load(id, store.find(id));
});
