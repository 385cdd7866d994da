/**
 * What outcomes amount to, counted as the suite's own pages count: a test is passed, or it is
 * not, whatever kept it. Tests for browsers are none.
 *
 * @module
 */
import type { Kind, Outcomes } from "./suite.ts";

/** The results that are committed: by group, kind and the test's id. */
export type Results = Readonly<Record<string, ResultsOfGroup>>;
export type ResultsOfGroup = Readonly<
  Partial<Record<Kind, Readonly<Record<string, string>>>>
>;

export interface Score {
  readonly passed: number;
  readonly total: number;
}

export const kinds = ["required", "optimal", "check"] as const satisfies readonly Kind[];
/** Those of a standard; a check has no right answer. */
export const standardKinds = ["required", "optimal"] as const;

/** The one group that tests no standard: W3C's note of 2001 on edge servers. */
const NO_STANDARD = "surrogate-control";

export function resultsOf(outcomes: Outcomes): Results {
  const results: Record<string, Partial<Record<Kind, Record<string, string>>>> = {};
  const sorted = Object.entries(outcomes).toSorted(([a], [b]) => (a < b ? -1 : 1));
  for (const kind of kinds) {
    for (const [id, outcome] of sorted) {
      const { suite, result } = outcome;
      if (outcome.kind !== kind || suite === NO_STANDARD || result === "untested")
        continue;
      ((results[suite] ??= {})[kind] ??= {})[id] = result;
    }
  }
  return Object.fromEntries(
    Object.entries(results).toSorted(([a], [b]) => (a < b ? -1 : 1)),
  );
}

/** Of some groups, or of one. */
export function scoreOf(
  groups: readonly (ResultsOfGroup | undefined)[],
  kind: Kind,
): Score {
  const all = groups.flatMap((group) => Object.values(group?.[kind] ?? {}));
  return { passed: all.filter(isPassed).length, total: all.length };
}

/** The tests of a standard's kind that are not passed, sorted. */
export function failuresIn(results: Results): readonly string[] {
  return standardTests(results)
    .filter(([, result]) => !isPassed(result))
    .map(([id]) => id)
    .toSorted();
}

/** The checks that say neither yes nor no. */
export function unanswered(results: Results): readonly string[] {
  return Object.values(results)
    .flatMap(({ check = {} }) => Object.entries(check))
    .filter(([, result]) => result !== "yes" && result !== "no")
    .map(([id]) => id);
}

/** The tests of a standard's kind that were passed `before`, and are not `now`. */
export function dropsIn(before: Results, now: Results): readonly string[] {
  const passed = new Set(passesIn(now));
  return passesIn(before).filter((id) => !passed.has(id));
}

function passesIn(results: Results): readonly string[] {
  return standardTests(results)
    .filter(([, result]) => isPassed(result))
    .map(([id]) => id);
}

function standardTests(results: Results): readonly (readonly [string, string])[] {
  return Object.values(results).flatMap((group) =>
    standardKinds.flatMap((kind) => Object.entries(group[kind] ?? {})),
  );
}

function isPassed(result: string): boolean {
  return result === "pass" || result === "yes";
}
