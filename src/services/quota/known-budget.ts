/**
 * A source's budget as this process knows it.
 *
 * @module
 */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import { knownSource } from "../source/source-directory.ts";
import { QuotaSnapshots } from "./quota-snapshots.ts";

export const knownBudget = Effect.fnUntraced(function* (sourceId: string) {
  const snapshots = yield* QuotaSnapshots;
  const { source } = yield* knownSource(sourceId);
  const readAt = yield* Clock.currentTimeMillis;
  return { budget: yield* snapshots.budgetAt(source, readAt), readAt };
});
