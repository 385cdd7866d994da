/**
 * How many calls an upstream allows, and the rolling windows they are counted in.
 *
 * A limit names calls per window; `burst` paces them within the minute. A permit to
 * call is used within a slack of the decision or is forfeit (spent all the same), so
 * every window is counted that much longer: what the upstream sees stays in the limit.
 *
 * Starts are counted in slots, not one by one, so that a record stays small at any rate.
 * Each slot length divides the next longer one.
 *
 * @module
 */

/** Every number is whole and ≥ 1; `burst` is at most `perMinute`, which it defaults to. */
export interface RateLimit {
  readonly perMinute: number;
  readonly burst?: number | undefined;
  readonly perSecond?: number | undefined;
  readonly perHour?: number | undefined;
  readonly perDay?: number | undefined;
  readonly perMonth?: number | undefined;
}

/** One rolling window; `callsIn` reads what a limit allows in it, `undefined` for any number. */
export interface QuotaWindow {
  readonly windowMillis: number;
  readonly slotMillis: number;
  readonly slackMillis: number;
  readonly callsIn: (limit: RateLimit) => number | undefined;
}

const SLOTS_PER_WINDOW = 240;
const MOST_SLACK_MILLIS = 250;
const WAY_MILLIS = 20;

/** The length of the slots in which starts are counted; 1/240 of the window, rounded up. */
export function slotMillis(windowMillis: number): number {
  return Math.ceil(windowMillis / SLOTS_PER_WINDOW);
}

/** How late a permit may be used, and how much longer the window is counted for it. */
export function slackMillis(windowMillis: number): number {
  return Math.min(MOST_SLACK_MILLIS, Math.floor(windowMillis / 20));
}

function quotaWindow(
  windowMillis: number,
  callsIn: (limit: RateLimit) => number | undefined,
): QuotaWindow {
  return {
    windowMillis,
    slotMillis: slotMillis(windowMillis),
    slackMillis: slackMillis(windowMillis),
    callsIn,
  };
}

/** A second, a minute, 60 minutes, 24 hours and 31 days; shortest first. */
export const QUOTA_WINDOWS: readonly QuotaWindow[] = [
  quotaWindow(1_000, (limit) => limit.perSecond),
  quotaWindow(60_000, (limit) => limit.perMinute),
  quotaWindow(3_600_000, (limit) => limit.perHour),
  quotaWindow(86_400_000, (limit) => limit.perDay),
  quotaWindow(2_678_400_000, (limit) => limit.perMonth),
];

/**
 * How long a permit is good for: the smallest slack of the windows the limit names.
 *
 * @example A limit per second leaves less time than one per minute
 * ```ts
 * import { permitMillis } from "./rate-limit.ts";
 *
 * permitMillis({ perMinute: 5 }); // => 250
 * permitMillis({ perMinute: 300, perSecond: 10 }); // => 50
 * ```
 */
export function permitMillis(limit: RateLimit): number {
  return QUOTA_WINDOWS.reduce(
    (least, window) =>
      window.callsIn(limit) === undefined ? least : Math.min(least, window.slackMillis),
    MOST_SLACK_MILLIS,
  );
}

/**
 * How long after its claim a permit may be taken in hand. The rest of its time is for the
 * way to the upstream, on which a busy machine may stop us.
 */
export function holdMillis(limit: RateLimit): number {
  return permitMillis(limit) - WAY_MILLIS;
}
