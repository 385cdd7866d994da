/**
 * When a call is likely to start that has others before it.
 *
 * The calls before it are played through on the remembered state, each as early as the
 * budget allows. Exact if nothing better comes in and no permit is lost; far ahead, where
 * playing on would cost too much, at the pace of the slowest window.
 *
 * @module
 */
import type { QuotaRecord } from "./budget.ts";
import { cooledDown } from "./cooldown.ts";
import { emptyQuota, startCalls } from "./quota.ts";
import { QUOTA_WINDOWS, type RateLimit } from "./rate-limit.ts";

const MOST_STEPS = 64;

/** The instant at which a call may start that stands behind `ahead` others. */
export function forecastAt(
  limit: RateLimit,
  record: QuotaRecord | undefined,
  ahead: number,
  now: number,
): number {
  const cooldown = record?.cooldown;
  const paused = cooldown !== undefined && !cooledDown(cooldown, now);
  let at = paused ? (cooldown.until ?? now) : now;
  let state = record?.state ?? emptyQuota(limit, now);
  let left = ahead + 1;
  for (let steps = 0; steps < MOST_STEPS; steps++) {
    const decision = startCalls(limit, state, at, left);
    left -= decision.granted;
    if (left === 0) return at;
    state = decision.state;
    at = decision.retryAt ?? at;
  }
  return at + Math.round(left * slowestPaceMillis(limit));
}

/** Milliseconds a call takes of the window that allows the fewest. */
function slowestPaceMillis(limit: RateLimit): number {
  return QUOTA_WINDOWS.reduce((pace, window) => {
    const calls = window.callsIn(limit);
    return calls === undefined ? pace : Math.max(pace, window.windowMillis / calls);
  }, 0);
}
