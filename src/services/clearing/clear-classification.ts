/**
 * Clears cached classification rules: those of one type of database, or all.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import { rulesOf } from "../../domain/instance/classification.ts";
import type { DbType } from "../../domain/instance/instance.ts";
import { Audit } from "../audit/audit.ts";
import { clearEntries, everyoneKnows } from "./clear-entries.ts";

/** Without a type, all. */
export const clearClassification = Effect.fn("clearClassification")(function* (
  dbType: DbType | undefined,
) {
  const audit = yield* Audit;
  const target = dbType ?? "every type";
  const { cleared, seq } = yield* clearEntries({
    selections: rulesOf(dbType),
    record: (entries) =>
      audit.record({
        action: "cache.clear_classification",
        target,
        details: { entries },
      }),
  });
  return { cleared, unreached: yield* everyoneKnows(seq) };
});
