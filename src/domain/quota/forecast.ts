/**
 * How long a call waits that has others before it.
 *
 * A forecast, not a promise: calls that are free now go at once, the rest at the pace of
 * the slowest window, from the instant at which the next call is free.
 *
 * @module
 */
import { QUOTA_WINDOWS, type RateLimit } from "./rate-limit.ts";

/** Milliseconds until a call starts that stands behind `ahead` others. */
export function forecastMillis(
  limit: RateLimit,
  budget: { readonly remaining: number; readonly resetAt: number | undefined },
  ahead: number,
  now: number,
): number {
  const behind = ahead - budget.remaining;
  if (behind < 0) return 0;
  const untilNext = Math.max(0, (budget.resetAt ?? now) - now);
  const slowest = QUOTA_WINDOWS.reduce((pace, window) => {
    const calls = window.callsIn(limit);
    return calls === undefined ? pace : Math.max(pace, window.windowMillis / calls);
  }, 0);
  return Math.round(untilNext + behind * slowest);
}
