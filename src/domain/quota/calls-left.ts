/**
 * How many calls the bucket and the windows leave, and when they leave more.
 *
 * Instants are in quota time (see `quota.ts`); the bucket's credit is the one at `at`.
 *
 * @module
 */
import { type CallLedger, startsAtMostAt, startsCounted } from "./call-ledger.ts";
import { QUOTA_WINDOWS, type RateLimit } from "./rate-limit.ts";
import { burstOf, millisUntilTokens, tokensIn } from "./token-bucket.ts";

/** What was spent and not yet regained. */
export interface Spending {
  readonly credit: number;
  readonly ledger: CallLedger;
}

/** One window of a limit; `resetAt` is when `remaining` next grows, `undefined` if it is full. */
export interface WindowView {
  readonly windowMillis: number;
  readonly limit: number;
  readonly remaining: number;
  readonly resetAt: number | undefined;
}

/** Calls that could start at `at`; below 0 where the limit was lowered under what started. */
export function callsLeft(limit: RateLimit, spending: Spending, at: number): number {
  return QUOTA_WINDOWS.reduce(
    (least, window, position) => {
      const calls = window.callsIn(limit);
      if (calls === undefined) return least;
      const slots = spending.ledger[position] ?? [];
      return Math.min(least, calls - startsCounted(slots, window, at));
    },
    tokensLeft(limit, spending.credit),
  );
}

/** The first instant at which `calls` could start; `undefined` if the limit never allows it. */
export function callsLeftAt(
  limit: RateLimit,
  spending: Spending,
  at: number,
  calls: number,
): number | undefined {
  if (calls > burstOf(limit)) return undefined;
  const paced = limit.burst !== undefined;
  let reachedAt = at + (paced ? millisUntilTokens(limit, spending.credit, calls) : 0);
  for (const [position, window] of QUOTA_WINDOWS.entries()) {
    const most = window.callsIn(limit);
    if (most === undefined) continue;
    if (calls > most) return undefined;
    const slots = spending.ledger[position] ?? [];
    reachedAt = Math.max(reachedAt, startsAtMostAt(slots, window, at, most - calls));
  }
  return reachedAt;
}

/** Each window the limit names, shortest first. */
export function windowsLeft(
  limit: RateLimit,
  ledger: CallLedger,
  at: number,
): readonly WindowView[] {
  return QUOTA_WINDOWS.flatMap((window, position) => {
    const calls = window.callsIn(limit);
    if (calls === undefined) return [];
    const slots = ledger[position] ?? [];
    const remaining = Math.max(0, calls - startsCounted(slots, window, at));
    const isFull = remaining === calls;
    return {
      windowMillis: window.windowMillis,
      limit: calls,
      remaining,
      resetAt: isFull
        ? undefined
        : startsAtMostAt(slots, window, at, calls - remaining - 1),
    };
  });
}

/** Without a burst the windows alone decide: a limit that was raised holds at once. */
function tokensLeft(limit: RateLimit, credit: number): number {
  return limit.burst === undefined ? Infinity : tokensIn(credit);
}
