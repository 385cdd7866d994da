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
  /** Comes before each part but the first; see `alone`. */
  readonly kept?: Effect.Effect<void, E1, R1>;
  /** Committed with each part, so that nothing is ever cleared unrecorded. */
  readonly record: (part: ClearedPart) => Effect.Effect<void, E2, R2>;
}

/** What is very much is cleared in parts, each in a transaction of its own. */
export interface ClearedPart {
  readonly isLast: boolean;
  /**
   * For the audit trail: the `entries` of this part that could be read. Where there are
   * several parts, besides: which it is, the entries up to it, and whether it was the last.
   */
  readonly counts: Readonly<Record<string, number | boolean>>;
}

/** Clears, and waits for everyone; gives how many entries could be read until then. */
export const clearEverywhere = Effect.fnUntraced(function* <
  E1 = never,
  R1 = never,
  E2 = never,
  R2 = never,
>(clearing: Clearing<E1, R1, E2, R2>) {
  const { cleared, seq } = yield* clearEntries(clearing);
  return { cleared, unreached: yield* everyoneKnows(seq) };
});

/** As `clearEverywhere`, one clear of `what` at a time: a second one fails. */
export const clearAlone = <E, R>(
  what: string,
  clearing: Omit<Clearing<never, never, E, R>, "kept">,
) =>
  Effect.scoped(
    Effect.flatMap(alone(what), (kept) => clearEverywhere({ ...clearing, kept })),
  );

/**
 * Lets no other clear of `what` run until the scope closes: fails where one does. Gives what
 * is to be run now and then, and fails where that right was lost.
 */
export const alone = Effect.fnUntraced(function* (what: string) {
  const locks = yield* ClearLocks;
  const underWay = new ClearUnderWay({ what });
  const lock = yield* locks.hold(what);
  if (lock === undefined) return yield* underWay;
  return Effect.flatMap(lock.keep, (isMine) =>
    isMine ? Effect.void : Effect.fail(underWay),
  );
});

/**
 * Takes what is selected out of the store. Gives how many entries could be read until then,
 * and the number of the change that `everyoneKnows` waits for.
 */
export const clearEntries = Effect.fnUntraced(function* <
  E1 = never,
  R1 = never,
  E2 = never,
  R2 = never,
>(clearing: Clearing<E1, R1, E2, R2>) {
  const { together } = yield* Transaction;
  let cleared = 0;
  for (let number = 1; ; number++) {
    if (number > 1 && clearing.kept !== undefined) yield* clearing.kept;
    const before = { number, cleared };
    const part = yield* together("clearEntries", clearPart(clearing, before));
    cleared += part.cleared;
    if (!part.more) return { cleared, seq: part.seq };
  }
});

const clearPart = Effect.fnUntraced(function* <E1, R1, E2, R2>(
  { selections, soft = false, record }: Clearing<E1, R1, E2, R2>,
  before: { readonly number: number; readonly cleared: number },
) {
  const store = yield* EntryStore;
  let [cleared, seq, more] = [0, 0, false];
  for (const selection of selections) {
    const part = yield* store.purge(selection, { soft });
    cleared += part.purged;
    ({ seq, more } = part);
    if (more) break;
  }
  const { number } = before;
  const isOnly = number === 1 && !more;
  const among = {
    part: number,
    entries_so_far: before.cleared + cleared,
    complete: !more,
  };
  const counts = { entries: cleared, ...(isOnly ? {} : among) };
  yield* record({ isLast: !more, counts });
  return { cleared, seq, more };
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
