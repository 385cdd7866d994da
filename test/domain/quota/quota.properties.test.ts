import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  emptyQuota,
  giveBack,
  LATE_READING_MILLIS,
  quotaAt,
  type QuotaState,
  startCalls,
} from "../../../src/domain/quota/quota.ts";
import {
  permitMillis,
  QUOTA_WINDOWS,
  type QuotaWindow,
  type RateLimit,
} from "../../../src/domain/quota/rate-limit.ts";

const HOUR = 3_600_000;
const few = fc.integer({ min: 1, max: 6 });
const maybe = fc.option(few, { nil: undefined });

const limits: fc.Arbitrary<RateLimit> = fc.record({
  perMinute: few,
  burst: maybe,
  perSecond: maybe,
  perHour: maybe,
  perDay: maybe,
  perMonth: maybe,
});

/** Waits near every window's length, in quarter milliseconds of true time. */
const waits = fc
  .oneof(
    fc.nat(40),
    fc.nat(8_000),
    fc.nat(500_000),
    ...QUOTA_WINDOWS.map(({ windowMillis, slotMillis }) =>
      fc.integer({ min: 4 * windowMillis - 4_000, max: 4 * (windowMillis + slotMillis) }),
    ),
  )
  .map((quarters) => quarters / 4);

/**
 * One ask: after `wait`, or when the last refusal said if that is undefined, by a clock that
 * first stepped back.
 */
const asks = fc.record({
  wait: fc.option(waits, { nil: undefined, freq: 2 }),
  wanted: fc.integer({ min: 0, max: 8 }),
  stepBack: fc.oneof(
    { weight: 6, arbitrary: fc.constant(0) },
    fc.nat(9),
    fc.nat(2 * LATE_READING_MILLIS),
    fc.nat(40 * 24 * HOUR),
  ),
  jitter: fc.double({ min: 0, max: 1, noNaN: true }),
});
type Ask = typeof asks extends fc.Arbitrary<infer A> ? A : never;

interface Start {
  readonly at: number;
  readonly jitter: number;
  readonly limit: RateLimit;
}

/** Carries the asks out in turn, `limitAt` giving the limit each is under; times are true. */
function carryOut(
  asks: readonly Ask[],
  limitAt: (index: number) => RateLimit,
): readonly Start[] {
  let at = 1_700_000_000_000;
  let offset = 0;
  let state = emptyQuota(limitAt(0), at);
  let retryAt: number | undefined;
  const starts: Start[] = [];
  for (const [index, ask] of asks.entries()) {
    const untilRetry = Math.max(0, (retryAt ?? 0) - (at + offset));
    at += ask.wait ?? untilRetry;
    offset -= ask.stepBack;
    const limit = limitAt(index);
    const decision = startCalls(limit, state, Math.floor(at) + offset, ask.wanted);
    ({ state, retryAt } = decision);
    for (let call = 0; call < decision.granted; call++) {
      starts.push({ at, jitter: (ask.jitter * (call + 1)) % 1, limit });
    }
  }
  return starts;
}

/** The most calls an upstream sees in any `window`, each late by its share of the slack. */
function mostSeen(starts: readonly Start[], window: QuotaWindow): number {
  const arrivals = starts
    .map(({ at, jitter }) => at + jitter * window.slackMillis)
    .toSorted((a, b) => a - b);
  let first = 0;
  let most = 0;
  for (const [last, arrival] of arrivals.entries()) {
    while (arrival - (arrivals[first] ?? arrival) >= window.windowMillis) first += 1;
    most = Math.max(most, last - first + 1);
  }
  return most;
}

/** Starts that the limit they were granted under refuses, were the earlier ones as late as can be. */
function excess(starts: readonly Start[], window: QuotaWindow): readonly Start[] {
  return starts.filter((start, index) => {
    const calls = window.callsIn(start.limit);
    const earlier = calls === undefined ? undefined : starts[index - calls];
    const span = window.windowMillis + window.slackMillis;
    return earlier !== undefined && start.at - earlier.at < span;
  });
}

/** A state after some asks, with the clock of the last. */
function stateAfter(limit: RateLimit, waits: readonly number[]) {
  let now = 1_700_000_000_000;
  let state = emptyQuota(limit, now);
  for (const wait of waits) {
    now += Math.floor(wait);
    state = startCalls(limit, state, now, 1).state;
  }
  return { state, now };
}

const histories = fc.array(waits, { maxLength: 20 });

describe("startCalls()", () => {
  test("never lets an upstream see more than the limit in any window", () => {
    fc.assert(
      fc.property(limits, fc.array(asks, { maxLength: 60 }), (limit, asks) => {
        const starts = carryOut(asks, () => limit);

        for (const window of QUOTA_WINDOWS) {
          const allowed = window.callsIn(limit) ?? Infinity;
          expect(mostSeen(starts, window)).toBeLessThanOrEqual(allowed);
          expect(excess(starts, window)).toEqual([]);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  test("grants nothing the limit in force refuses, when the limit changes between calls", () => {
    const changes = fc.array(limits, { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(changes, fc.array(asks, { maxLength: 60 }), (limits, asks) => {
        const limitAt = (index: number) =>
          limits[Math.floor(index / 5) % limits.length] ?? { perMinute: 1 };

        const starts = carryOut(asks, limitAt);

        for (const window of QUOTA_WINDOWS) expect(excess(starts, window)).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  test("is safe where a reading waited for its turn and its permit is forfeit when late", () => {
    const late = fc.oneof(fc.nat(50), fc.nat(LATE_READING_MILLIS));
    const soon = fc.oneof(fc.nat(3_000), waits);
    const asks = fc.array(fc.tuple(soon, late), { maxLength: 60 });
    fc.assert(
      fc.property(limits, asks, (limit, asks) => {
        let at = 1_700_000_000_000;
        let state = emptyQuota(limit, at);
        const starts: Start[] = [];
        for (const [wait, late] of asks) {
          at += Math.floor(wait);
          const decision = startCalls(limit, state, at - late, 9);
          state = decision.state;
          const used = late <= permitMillis(limit) ? decision.granted : 0;
          for (let call = 0; call < used; call++) starts.push({ at, jitter: 0, limit });
        }

        for (const window of QUOTA_WINDOWS) {
          const allowed = window.callsIn(limit) ?? Infinity;
          expect(mostSeen(starts, window)).toBeLessThanOrEqual(allowed);
        }
      }),
      { numRuns: 300 },
    );
  });

  test("grants at retryAt and not one millisecond before", () => {
    const step = fc.oneof(fc.constant(0), fc.nat(HOUR));
    fc.assert(
      fc.property(limits, histories, step, (limit, history, step) => {
        const { state, now } = stateAfter(limit, history);

        const refused = startCalls(limit, state, now - step, 99);

        const retryAt = refused.retryAt ?? 0;
        expect(startCalls(limit, refused.state, retryAt - 1, 1).granted).toBe(0);
        expect(startCalls(limit, refused.state, retryAt, 1).granted).toBe(1);
      }),
      { numRuns: 500 },
    );
  });

  test.each([
    [{ perMinute: 5 }, 60_000, 0.95],
    [{ perMinute: 60 }, 60_000, 0.95],
    [{ perMinute: 60, burst: 1 }, 60_000, 0.95],
    [{ perMinute: 100, perHour: 100 }, HOUR, 0.95],
    [{ perMinute: 600, perSecond: 10 }, 1_000, 0.9],
  ])("uses of %j what there is while work waits", (limit, windowMillis, share) => {
    const calls = windowMillis === HOUR ? 100 : limit.perMinute / (60_000 / windowMillis);
    const grants: { readonly at: number; readonly granted: number }[] = [];
    let state: QuotaState = emptyQuota(limit, 0);
    let at = 123;
    while (at < 50 * windowMillis) {
      const { granted, state: next, retryAt } = startCalls(limit, state, at, 10_000);
      grants.push({ at, granted });
      state = next;
      at = retryAt ?? Infinity;
    }

    // Up to the instant at which the next ones would start.
    const started = grants.reduce((sum, { granted }) => sum + granted, 0);
    const use = started / (calls * ((at - 123) / windowMillis));
    expect(use).toBeGreaterThanOrEqual(share);
    expect(use).toBeLessThanOrEqual(1);
  });

  test("keeps a state small at 100,000 calls a minute", () => {
    const limit = { perMinute: 100_000 };
    let state = emptyQuota(limit, 0);
    for (let now = 0; now < 240_000; now += 5) {
      state = startCalls(limit, state, now, 8).state;
    }

    expect(state.ledger.map((slots) => slots.length / 2)).toEqual([211, 242, 16, 1, 1]);
  });
});

describe("giveBack()", () => {
  test("leaves the view of before the calls", () => {
    fc.assert(
      fc.property(limits, histories, few, (limit, history, wanted) => {
        const { state, now } = stateAfter(limit, history);

        const decision = startCalls(limit, state, now, wanted);
        const { ticket, granted } = decision;
        const after =
          ticket === undefined ? state : giveBack(limit, decision.state, ticket, granted);

        expect(quotaAt(limit, after, now)).toEqual(quotaAt(limit, state, now));
      }),
      { numRuns: 300 },
    );
  });
});

describe("quotaAt()", () => {
  test("shows as remaining what startCalls() grants, and when that grows", () => {
    fc.assert(
      fc.property(limits, histories, waits, (limit, history, wait) => {
        const { state, now } = stateAfter(limit, history);
        const later = now + Math.floor(wait);

        const { remaining, resetAt, tightest } = quotaAt(limit, state, later);

        expect(startCalls(limit, state, later, 99).granted).toBe(remaining);
        expect(tightest.remaining).toBeGreaterThanOrEqual(remaining);
        if (resetAt !== undefined) {
          expect(quotaAt(limit, state, resetAt - 1).remaining).toBe(remaining);
          expect(quotaAt(limit, state, resetAt).remaining).toBeGreaterThan(remaining);
        }
      }),
      { numRuns: 300 },
    );
  });
});
