/**
 * One cache put through the whole suite.
 *
 * @module
 */
import { failuresIn, type Results, resultsOf, unanswered } from "./scores.ts";
import { type Outcomes, runSuite } from "./suite.ts";

export interface Trial {
  readonly results: Results;
  /** Failed in the midst of all others, and passed by themselves. */
  readonly unsteady: readonly string[];
}

const RUN_MILLIS = 90_000;
const TRIES = 3;

/**
 * All tests; then again those that were not passed, but for `expected` ones, and the checks
 * that came to nothing: they count seconds, on a machine that has other things to do and may
 * stop for one of them.
 */
export async function tryCache(
  base: string,
  expected: ReadonlySet<string> = new Set(),
): Promise<Trial> {
  let outcomes = await runSuite(base, RUN_MILLIS);
  const unsteady: string[] = [];
  for (let tries = 1; tries < TRIES; tries++) {
    const isOpen = isIn(unpassed(outcomes));
    const repeated = Object.keys(outcomes).filter(
      (id) => isOpen(id) && !expected.has(id),
    );
    if (repeated.length === 0) break;
    const again = await runSuite(base, RUN_MILLIS, repeated);
    const isStill = isIn(unpassed(again));
    const better = repeated.filter((id) => !isStill(id));
    const isBetter = isIn(better);
    const passed = Object.entries(again).filter(([id]) => isBetter(id));
    outcomes = Object.fromEntries([...Object.entries(outcomes), ...passed]);
    unsteady.push(...better);
  }
  return { results: resultsOf(outcomes), unsteady };
}

/** The tests that were not passed, and the checks without an answer. */
function unpassed(outcomes: Outcomes): readonly string[] {
  const results = resultsOf(outcomes);
  return [...failuresIn(results), ...unanswered(results)];
}

function isIn(ids: readonly string[]): (id: string) => boolean {
  const known = new Set(ids);
  return (id) => known.has(id);
}
