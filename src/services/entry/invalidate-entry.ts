/**
 * Takes one entry out of the cache, in every process, before it answers.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import { ChangeBus } from "../change-bus.ts";
import { keyOf } from "../source/read-key.ts";
import { knownSource } from "../source/source-directory.ts";
import { EntryStore } from "./entry-store.ts";

/**
 * Invalidates the key that `text` means: removes it, or with `soft` leaves it as a fallback.
 * A refresh that runs can't bring back what was; one that is queued stays. `unreached`
 * counts the processes that have not acknowledged; they stop serving from memory by themselves.
 */
export const invalidateEntry = Effect.fn("invalidateEntry")(function* (
  sourceId: string,
  text: string,
  soft: boolean,
) {
  const store = yield* EntryStore;
  const bus = yield* ChangeBus;
  const known = yield* knownSource(sourceId);
  const key = yield* keyOf(known, text, "key");
  const selection = { _tag: "Key", space: known.space, key } as const;
  const { purged, seq } = yield* store.purge(selection, { soft });
  yield* bus.appliedHere(seq);
  return { purged, unreached: yield* bus.acknowledged(seq) };
});
