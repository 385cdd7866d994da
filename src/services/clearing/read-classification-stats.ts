/**
 * Counts the classification rules that are cached of each type of database.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import { DB_TYPE_PARAM, rulesIn } from "../../domain/instance/classification.ts";
import { DB_TYPES, type DbType } from "../../domain/instance/instance.ts";
import { EntryStatistics } from "./entry-statistics.ts";

/** Looked at of one type; there are seldom more than a few. */
const MOST_ENTRIES = 10_000;
const MOST_BYTES = 64 * 1024 * 1024;

export interface RulesCached {
  /** A readable entry with exactly this type exists. */
  readonly isCached: boolean;
  readonly rules: number;
  /** There is more than was counted. */
  readonly isCut: boolean;
}

export const readClassificationStats = Effect.gen(function* () {
  const counted = yield* Effect.forEach(DB_TYPES, (type) =>
    Effect.map(countRules(type), (rules) => [type, rules] as const),
  );
  return new Map<DbType, RulesCached>(counted);
}).pipe(Effect.withSpan("readClassificationStats"));

const countRules = Effect.fnUntraced(function* (type: DbType) {
  const statistics = yield* EntryStatistics;
  let [after, entries, bytes, rules] = [0, 0, 0, 0];
  for (;;) {
    const page = yield* statistics.bodiesWith({ [DB_TYPE_PARAM]: type }, after);
    const isCut = page.length > 0 && (entries >= MOST_ENTRIES || bytes >= MOST_BYTES);
    if (page.length === 0 || isCut) {
      return { isCached: entries > 0, rules, isCut } satisfies RulesCached;
    }
    for (const { place, encoding, body } of page) {
      after = place;
      entries += 1;
      bytes += body.length;
      rules += rulesIn(encoding, body);
    }
  }
});
