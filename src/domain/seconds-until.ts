/**
 * How long to wait for an instant, as `Retry-After` says it.
 *
 * @module
 */

/** Whole seconds from `now` to `at` (both in milliseconds), 1 at least. */
export function secondsUntil(at: number, now: number): number {
  return Math.max(1, Math.ceil((at - now) / 1_000));
}
