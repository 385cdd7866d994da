/**
 * Carries out a change of what an API proxy answers, so that nothing is answered as before.
 *
 * What was stored goes in the same transaction, and every process has forgotten it before
 * the change counts as made. Very much of it goes in several transactions, the change with
 * the last.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import type { PurgeSelection } from "../../domain/entry/purge.ts";
import { ChangeBus } from "../change-bus.ts";
import { everyoneKnows } from "../clearing/clear-entries.ts";
import { EntryStore } from "../entry/entry-store.ts";
import { Transaction } from "../transaction.ts";

/** What is to be done, as it looks in the transaction. */
export interface ProxyChangePlan<A, E, R> {
  readonly proxyId: number;
  /** What must not be answered any more. */
  readonly selections: readonly PurgeSelection[];
  readonly change: Effect.Effect<A, E, R>;
}

/** `plan` may be asked again, in another transaction. Gives what the change gave. */
export const changeProxyOf = Effect.fnUntraced(function* <A, E, R, E2, R2>(
  operation: string,
  plan: Effect.Effect<ProxyChangePlan<A, E, R>, E2, R2>,
) {
  const { together } = yield* Transaction;
  for (;;) {
    const done = yield* together(operation, Effect.flatMap(plan, carryOut));
    if (done === undefined) continue;
    yield* everyoneKnows(done.seq);
    return done.value;
  }
});

/** `undefined` where more is stored than one transaction takes: nothing is changed then. */
const carryOut = Effect.fnUntraced(function* <A, E, R>({
  proxyId,
  selections,
  change,
}: ProxyChangePlan<A, E, R>) {
  const bus = yield* ChangeBus;
  if (yield* isMoreThanGoes(selections)) return undefined;
  const value = yield* change;
  const seq = yield* bus.log({ _tag: "ProxyChanged", proxyId });
  return { value, seq: yield* logAgain(selections, seq) };
});

/** Removes what is selected, or a part of it that is to be committed: `true` then. */
export const isMoreThanGoes = Effect.fnUntraced(function* (
  selections: readonly PurgeSelection[],
) {
  const entries = yield* EntryStore;
  for (const selection of selections) {
    if ((yield* entries.purge(selection)).more) return true;
  }
  return false;
});

/**
 * Logs the purge behind the change too: between both, a process still asks as it did
 * before, and what comes of that must not be kept.
 */
export const logAgain = Effect.fnUntraced(function* (
  selections: readonly PurgeSelection[],
  seq: number,
) {
  const bus = yield* ChangeBus;
  let last = seq;
  for (const selection of selections) {
    last = yield* bus.log({ _tag: "Purged", selection });
  }
  return last;
});
