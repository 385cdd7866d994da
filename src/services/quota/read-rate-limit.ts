/**
 * Looks at a source's budget without spending.
 *
 * @module
 */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import { budgetAt } from "../../domain/quota/budget.ts";
import { knownSource } from "../source/source-directory.ts";
import { CallQuota } from "./call-quota.ts";

export const readRateLimit = Effect.fn("readRateLimit")(function* (sourceId: string) {
  const quota = yield* CallQuota;
  const { source } = yield* knownSource(sourceId);
  const now = yield* Clock.currentTimeMillis;
  const records = yield* quota.look([sourceId]);
  return { source, budget: budgetAt(source.rateLimit, records.get(sourceId), now) };
});
