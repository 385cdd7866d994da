/**
 * The budget of calls a source's upstream allows us: old state in, decision and new state out.
 *
 * A call must pass the bucket and every window the limit names. Whoever stores the state
 * makes the step atomic, and reads `now` while it holds the state, not before. A refusal
 * needs storing only where it changed `steppedBackMillis`.
 *
 * A clock that steps back earns and costs nothing. The state counts in quota time, the
 * clock plus all its steps back, which never goes back itself. A reading up to
 * `LATE_READING_MILLIS` before the last one may as well be one that waited for its turn;
 * it is taken for the last one, because a late reading taken for a step would let time
 * pass twice. A step forward can't be told from waiting.
 *
 * Instants are Unix milliseconds on the caller's clock, but for those in quota time.
 *
 * Source: measured, see DECISIONS.md.
 *
 * @module
 */
import {
  EMPTY_LEDGER,
  recordStarts,
  remembersMinute,
  removeStarts,
} from "./call-ledger.ts";
import {
  callsLeft,
  callsLeftAt,
  type Spending,
  type WindowView,
  windowsLeft,
} from "./calls-left.ts";
import type { RateLimit } from "./rate-limit.ts";
import { fullCredit, refill, returnTokens, takeTokens } from "./token-bucket.ts";

/** How far a reading may lie before the last one and not be taken for a step of the clock. */
export const LATE_READING_MILLIS = 5_000;

/** What is remembered of a source's calls. Ledger and tickets are in quota time. */
export interface QuotaState extends Spending {
  /** The clock when the state was last counted. */
  readonly countedAt: number;
  /** The sum of all steps back; `countedAt` plus this is quota time. */
  readonly steppedBackMillis: number;
}

/** Names the starts of one decision, to give them back. `startedAt` is in quota time. */
export interface Ticket {
  readonly startedAt: number;
}

/** `ticket` is there when `granted` ≥ 1, `retryAt` when `granted` is less than was wanted. */
export interface StartDecision {
  readonly granted: number;
  readonly state: QuotaState;
  readonly ticket: Ticket | undefined;
  /** The first instant at which one more call is granted, if nothing else starts. */
  readonly retryAt: number | undefined;
}

/** What could start, and when that next grows; `undefined` when it is all there can be. */
export interface QuotaView {
  readonly remaining: number;
  readonly resetAt: number | undefined;
  /** The windows the limit names, shortest first. */
  readonly windows: readonly WindowView[];
  /** The one with the least remaining; of equals the one that grows last. */
  readonly tightest: WindowView;
}

/** The state of a source that was never called. */
export function emptyQuota(limit: RateLimit, now: number): QuotaState {
  return {
    countedAt: now,
    steppedBackMillis: 0,
    credit: fullCredit(limit),
    ledger: EMPTY_LEDGER,
  };
}

/**
 * Starts up to `wanted` calls at `now`: as many as there are, at once.
 *
 * @example Two calls a minute: the third waits until both no longer count
 * ```ts
 * import { emptyQuota, startCalls } from "./quota.ts";
 *
 * const limit = { perMinute: 2 };
 * const decision = startCalls(limit, emptyQuota(limit, 0), 0, 3);
 * decision.granted; // => 2
 * decision.retryAt; // => 60_500
 * ```
 */
export function startCalls(
  limit: RateLimit,
  state: QuotaState,
  now: number,
  wanted: number,
): StartDecision {
  const counted = countAt(limit, state, now);
  const startedAt = quotaTime(counted);
  const granted = Math.max(0, Math.min(wanted, callsLeft(limit, counted, startedAt)));
  const next = {
    ...counted,
    credit: takeTokens(counted.credit, granted),
    ledger: recordStarts(counted.ledger, startedAt, granted),
  };
  return {
    granted,
    state: next,
    ticket: granted > 0 ? { startedAt } : undefined,
    retryAt:
      granted < wanted
        ? onClock(next, callsLeftAt(limit, next, startedAt, 1))
        : undefined,
  };
}

/**
 * Undoes `count` of the starts of `ticket`: each window that still remembers them forgets
 * them, and their tokens return while the minute does. Each start is given back once.
 */
export function giveBack(
  limit: RateLimit,
  state: QuotaState,
  ticket: Ticket,
  count: number,
): QuotaState {
  const tokens = remembersMinute(state.ledger, ticket.startedAt) ? count : 0;
  return {
    ...state,
    credit: returnTokens(limit, state.credit, tokens),
    ledger: removeStarts(state.ledger, ticket.startedAt, count),
  };
}

/** Looks at the budget at `now` without spending; ages a remembered state as well. */
export function quotaAt(limit: RateLimit, state: QuotaState, now: number): QuotaView {
  const counted = countAt(limit, state, now);
  const at = quotaTime(counted);
  const remaining = Math.max(0, callsLeft(limit, counted, at));
  const windows = windowsLeft(limit, counted.ledger, at).map(
    ({ windowMillis, limit, remaining, resetAt }): WindowView => ({
      windowMillis,
      limit,
      remaining,
      resetAt: onClock(counted, resetAt),
    }),
  );
  return {
    remaining,
    resetAt: onClock(counted, callsLeftAt(limit, counted, at, remaining + 1)),
    windows,
    tightest: windows.reduce((tightest, window) =>
      isTighter(window, tightest) ? window : tightest,
    ),
  };
}

function quotaTime(state: QuotaState): number {
  return state.countedAt + state.steppedBackMillis;
}

function onClock(state: QuotaState, at: number | undefined): number | undefined {
  return at === undefined ? undefined : at - state.steppedBackMillis;
}

function countAt(limit: RateLimit, state: QuotaState, now: number): QuotaState {
  const elapsed = now - state.countedAt;
  if (elapsed >= 0) {
    return { ...state, countedAt: now, credit: refill(limit, state.credit, elapsed) };
  }
  const credit = refill(limit, state.credit, 0);
  if (-elapsed <= LATE_READING_MILLIS) return { ...state, credit };
  const steppedBackMillis = state.steppedBackMillis - elapsed;
  return { ...state, countedAt: now, steppedBackMillis, credit };
}

function isTighter(window: WindowView, other: WindowView): boolean {
  if (window.remaining !== other.remaining) return window.remaining < other.remaining;
  return (window.resetAt ?? Infinity) > (other.resetAt ?? Infinity);
}
