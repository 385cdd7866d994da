import { describe, expect, test } from "bun:test";
import {
  emptyQuota,
  giveBack,
  LATE_READING_MILLIS,
  quotaAt,
  type QuotaState,
  startCalls,
} from "../../../src/domain/quota/quota.ts";
import type { RateLimit } from "../../../src/domain/quota/rate-limit.ts";

const HOUR = 3_600_000;

/** Two calls a minute, none started. */
const limit = { perMinute: 2 };
const unused = emptyQuota(limit, 0);

/** Two calls a minute, both started at 0. */
const spent = startCalls(limit, unused, 0, 2).state;

/** Asks for one call at each instant in turn; `true` where it was granted. */
function askAt(limit: RateLimit, ...instants: readonly number[]): readonly boolean[] {
  let state = emptyQuota(limit, 0);
  return instants.map((now) => {
    const decision = startCalls(limit, state, now, 1);
    state = decision.state;
    return decision.granted === 1;
  });
}

describe("startCalls()", () => {
  test("grants what is left, and says when the next one is there", () => {
    const decision = startCalls(limit, unused, 0, 5);

    expect(decision).toMatchObject({ granted: 2, retryAt: 60_500 });
    expect(decision.ticket).toEqual({ startedAt: 0 });
  });

  test("names no instant where everything wanted was granted, no ticket where nothing was", () => {
    expect(startCalls(limit, unused, 0, 2).retryAt).toBeUndefined();
    expect(startCalls(limit, spent, 0, 1).ticket).toBeUndefined();
    expect(startCalls(limit, unused, 0, 0)).toMatchObject({
      granted: 0,
      ticket: undefined,
      retryAt: undefined,
    });
  });

  test("lets no minute hold more than the limit, unlike a bucket alone", () => {
    expect(askAt(limit, 0, 30_000, 60_000, 60_499, 60_500, 60_501)).toEqual([
      true,
      true,
      false,
      false,
      true,
      false,
    ]);
  });

  test("paces calls by the burst", () => {
    const paced = { perMinute: 2, burst: 1 };

    expect(askAt(paced, 0, 0, 29_999, 30_000, 60_000, 60_500)).toEqual([
      true,
      false,
      false,
      true,
      false,
      true,
    ]);
  });

  test("refuses at once what a lowered limit no longer allows, by calls of before", () => {
    const roomy = { perMinute: 9 };
    const busy = startCalls(roomy, emptyQuota(roomy, 0), 0, 4).state;

    expect(startCalls(limit, busy, 1_000, 1)).toMatchObject({
      granted: 0,
      retryAt: 60_500,
    });
  });

  test("counts calls of before in a window the limit names only later", () => {
    const hourly = { perMinute: 2, perHour: 2 };

    expect(startCalls(hourly, spent, HOUR, 1)).toMatchObject({
      granted: 0,
      retryAt: HOUR + 15_250,
    });
  });
});

describe("startCalls() on a clock that stepped back", () => {
  const back: QuotaState = { ...spent, countedAt: HOUR, steppedBackMillis: -HOUR };

  test("neither frees a call nor freezes: no time has passed", () => {
    const first = startCalls(limit, back, 0, 1);
    const late = startCalls(limit, first.state, 60_499, 1);
    const due = startCalls(limit, late.state, 60_500, 1);

    expect(first).toMatchObject({ granted: 0, retryAt: 60_500 });
    expect([late.granted, due.granted]).toEqual([0, 1]);
  });

  test("takes a reading a little before the last one for the last one", () => {
    const counted = startCalls(limit, spent, 50_000, 1).state;

    const late = startCalls(limit, counted, 50_000 - LATE_READING_MILLIS, 1);
    const stepped = startCalls(limit, counted, 49_999 - LATE_READING_MILLIS, 1);

    expect(late.retryAt).toBe(60_500);
    expect(stepped.retryAt).toBe(60_499 - LATE_READING_MILLIS);
  });
});

describe("giveBack()", () => {
  test("makes the call startable again at once", () => {
    const { state, ticket } = startCalls(limit, unused, 0, 2);
    if (ticket === undefined) throw new Error("Expected a ticket");

    expect(startCalls(limit, giveBack(limit, state, ticket, 1), 9, 5).granted).toBe(1);
  });

  test("works across a step back of the clock", () => {
    const { state, ticket } = startCalls(limit, emptyQuota(limit, HOUR), HOUR, 2);
    if (ticket === undefined) throw new Error("Expected a ticket");
    const stepped = startCalls(limit, state, 0, 0).state;

    expect(quotaAt(limit, giveBack(limit, stepped, ticket, 1), 0).remaining).toBe(1);
  });

  test("does nothing for a call no window remembers", () => {
    const ticket = { startedAt: 31 * 24 * HOUR };

    expect(giveBack(limit, spent, ticket, 1)).toEqual(spent);
  });
});

describe("quotaAt()", () => {
  test("shows a full budget without a reset", () => {
    const minute = { windowMillis: 60_000, limit: 2, remaining: 2, resetAt: undefined };

    expect(quotaAt(limit, unused, 0)).toEqual({
      remaining: 2,
      resetAt: undefined,
      windows: [minute],
      tightest: minute,
    });
  });

  test("ages a remembered state", () => {
    expect(quotaAt(limit, spent, 60_499)).toMatchObject({
      remaining: 0,
      resetAt: 60_500,
    });
    expect(quotaAt(limit, spent, 60_500)).toMatchObject({
      remaining: 2,
      resetAt: undefined,
    });
  });

  test("names the window with the least remaining, of equals the one that grows last", () => {
    const limit = { perMinute: 6, perHour: 6, perSecond: 5 };
    const used = startCalls(limit, emptyQuota(limit, 0), 0, 2).state;

    const view = quotaAt(limit, used, 2_000);

    expect(view.windows.map(({ remaining }) => remaining)).toEqual([5, 4, 4]);
    expect(view.tightest.windowMillis).toBe(HOUR);
    expect(view.resetAt).toBe(view.tightest.resetAt);
  });

  test("counts what the burst leaves", () => {
    const paced = { perMinute: 60, burst: 2 };
    const used = startCalls(paced, emptyQuota(paced, 0), 0, 2).state;

    expect(quotaAt(paced, used, 1)).toMatchObject({
      remaining: 0,
      resetAt: 1_000,
      tightest: { remaining: 58 },
    });
  });

  test("shows nothing left, not less, where the limit was lowered", () => {
    const roomy = { perMinute: 9 };
    const busy = startCalls(roomy, emptyQuota(roomy, 0), 0, 4).state;

    const view = quotaAt(limit, busy, 0);

    expect(view).toMatchObject({ remaining: 0, resetAt: 60_500 });
    expect(view.tightest).toMatchObject({ remaining: 0, resetAt: 60_500 });
  });
});
