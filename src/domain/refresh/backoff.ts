/**
 * How long to leave an upstream alone after a failure.
 *
 * Within one refresh: at most three attempts, jittered, under five seconds in all. After
 * a refresh that failed: readers don't ask for that key again for 10 seconds, doubling to
 * five minutes.
 *
 * Durations are milliseconds.
 *
 * Source: contract §5 and §6; "Exponential Backoff And Jitter" (Brooker 2015), full jitter.
 *
 * @module
 */

const MAX_ATTEMPTS = 3;
const ALL_ATTEMPTS_MILLIS = 5_000;
const FIRST_PAUSE_MILLIS = 400;
const FIRST_REST_MILLIS = 10_000;
const LONGEST_REST_MILLIS = 300_000;

/**
 * The pause before the next attempt, or `undefined` when there is none.
 *
 * `attempts` were made so far, the first of them `elapsedMillis` ago; `random` is in [0, 1).
 */
export function retryPauseMillis(
  attempts: number,
  elapsedMillis: number,
  random: number,
): number | undefined {
  if (attempts >= MAX_ATTEMPTS) return undefined;
  const ceiling = FIRST_PAUSE_MILLIS * 3 ** (attempts - 1);
  // At least a third of the ceiling: a pause near 0 would find the upstream as it was.
  const pause = Math.round(ceiling * (1 / 3 + (2 / 3) * random));
  return elapsedMillis + pause < ALL_ATTEMPTS_MILLIS ? pause : undefined;
}

/** How long readers leave a key alone after `failures` refreshes in a row failed (≥ 1). */
export function restMillis(failures: number): number {
  return Math.min(
    FIRST_REST_MILLIS * 2 ** Math.min(failures - 1, 10),
    LONGEST_REST_MILLIS,
  );
}

/** The pause before an upstream that could not be reached `failures` times in a row (≥ 1) is tried again. */
export function unreachablePauseMillis(failures: number, random: number): number {
  const ceiling = Math.min(1_000 * 2 ** Math.min(failures - 1, 10), 30_000);
  return Math.round(ceiling * (0.5 + random / 2));
}

/** The pause after `failures` claims in a row (≥ 1) that took longer than their permits last. */
export function forfeitPauseMillis(failures: number): number {
  return Math.min(100 * 2 ** Math.min(failures - 1, 10), 10_000);
}

/**
 * How many calls may be under way after `failures` turns in a row, of the `width` that may
 * otherwise: a store that is too slow for the permits must not burn many at a time.
 */
export function carefulWidth(width: number, failures: number): number {
  return failures === 0 ? width : 1;
}
