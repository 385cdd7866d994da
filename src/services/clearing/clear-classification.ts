/**
 * Clears cached classification rules: those of one type of database, or all.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import { rulesOf } from "../../domain/instance/classification.ts";
import type { DbType } from "../../domain/instance/instance.ts";
import { Audit } from "../audit/audit.ts";
import { clearEverywhere } from "./clear-entries.ts";

/** Without a type, all. */
export const clearClassification = Effect.fn("clearClassification")(function* (
  dbType: DbType | undefined,
) {
  const audit = yield* Audit;
  const target = dbType ?? "every type";
  return yield* clearEverywhere({
    selections: rulesOf(dbType),
    record: ({ counts }) =>
      audit.record({
        action: "cache.clear_classification",
        target,
        details: counts,
      }),
  });
});
