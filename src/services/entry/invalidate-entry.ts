/**
 * Takes one entry out of the cache, in every process, before it answers.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import { Audit } from "../audit/audit.ts";
import { ChangeBus } from "../change-bus.ts";
import { keyOf } from "../source/read-key.ts";
import { knownSource } from "../source/source-directory.ts";
import { Transaction } from "../transaction.ts";
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
  const { together } = yield* Transaction;
  const store = yield* EntryStore;
  const audit = yield* Audit;
  const bus = yield* ChangeBus;
  const known = yield* knownSource(sourceId);
  const key = yield* keyOf(known, text, "key");
  const selection = { _tag: "Key", space: known.space, key } as const;
  const purge = Effect.gen(function* () {
    const done = yield* store.purge(selection, { soft });
    const details = { key, soft, entries: done.purged };
    yield* audit.record({ action: "entry.invalidate", target: sourceId, details });
    return done;
  });
  const { purged, seq } = yield* together("invalidateEntry", purge);
  yield* bus.appliedHere(seq);
  return { purged, unreached: yield* bus.acknowledged(seq) };
});
