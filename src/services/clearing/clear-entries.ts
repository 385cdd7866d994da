/**
 * Clears entries everywhere: in the store, and in the memory of every process.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import type { PurgeSelection } from "../../domain/entry/purge.ts";
import { ChangeBus } from "../change-bus.ts";
import { EntryStore } from "../entry/entry-store.ts";
import { ClearUnderWay } from "../errors.ts";
import { Transaction } from "../transaction.ts";
import { ClearLocks } from "./clear-locks.ts";

interface Clearing<E1, R1, E2, R2> {
  readonly selections: readonly PurgeSelection[];
  readonly soft?: boolean | undefined;
  /** Comes first in each transaction; see `alone`. */
  readonly before?: Effect.Effect<void, E1, R1>;
  /** Committed with the last of it; told how many entries were cleared in all. */
  readonly record: (cleared: number) => Effect.Effect<void, E2, R2>;
}

/** Lets one clear of `what` run at a time: fails while another does. */
export const alone = Effect.fnUntraced(function* (what: string) {
  const locks = yield* ClearLocks;
  if (!(yield* locks.hold(what))) return yield* new ClearUnderWay({ what });
});

/**
 * Takes what is selected out of the store, in one transaction where it is not very much.
 * Gives how many entries could be read until then, and the number of the change that
 * `everyoneKnows` waits for.
 */
export const clearEntries = Effect.fnUntraced(function* <
  E1 = never,
  R1 = never,
  E2 = never,
  R2 = never,
>(clearing: Clearing<E1, R1, E2, R2>) {
  const { together } = yield* Transaction;
  let cleared = 0;
  for (;;) {
    const part = yield* together("clearEntries", clearPart(clearing, cleared));
    cleared += part.cleared;
    if (!part.more) return { cleared, seq: part.seq };
  }
});

const clearPart = Effect.fnUntraced(function* <E1, R1, E2, R2>(
  { selections, soft = false, before, record }: Clearing<E1, R1, E2, R2>,
  clearedBefore: number,
) {
  const store = yield* EntryStore;
  if (before !== undefined) yield* before;
  let [cleared, seq] = [0, 0];
  for (const selection of selections) {
    const part = yield* store.purge(selection, { soft });
    cleared += part.purged;
    seq = part.seq;
    if (part.more) return { cleared, seq, more: true };
  }
  yield* record(clearedBefore + cleared);
  return { cleared, seq, more: false };
});

/**
 * Waits until every process has applied the change. Gives how many have not within a
 * second; they stop answering from memory by themselves.
 */
export const everyoneKnows = Effect.fnUntraced(function* (seq: number) {
  const bus = yield* ChangeBus;
  yield* bus.appliedHere(seq);
  return yield* bus.acknowledged(seq);
});
