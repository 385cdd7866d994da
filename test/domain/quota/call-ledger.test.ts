import { describe, expect, test } from "bun:test";
import {
  type CallLedger,
  EMPTY_LEDGER,
  recordStarts,
  remembersMinute,
  removeStarts,
  startsAtMostAt,
  startsCounted,
} from "../../../src/domain/quota/call-ledger.ts";
import { QUOTA_WINDOWS } from "../../../src/domain/quota/rate-limit.ts";

function windowAt(ledger: CallLedger, position: number) {
  const window = QUOTA_WINDOWS[position];
  if (window === undefined) throw new Error(`Expected a window at ${position}`);
  return [ledger[position] ?? [], window] as const;
}

describe("startsCounted()", () => {
  test.each([
    [0, 4, 1_054, 1_055],
    [1, 249, 60_499, 60_500],
    [2, 14_999, 3_615_249, 3_615_250],
    [3, 359_999, 86_760_249, 86_760_250],
    [4, 11_159_999, 2_689_560_249, 2_689_560_250],
  ])(
    "counts a start in window %d until its slot's end, the window and the slack are over",
    (position, lastInSlot, lastAt, releasedAt) => {
      for (const startedAt of [0, lastInSlot]) {
        const [slots, window] = windowAt(
          recordStarts(EMPTY_LEDGER, startedAt, 2),
          position,
        );

        expect(startsCounted(slots, window, lastAt)).toBe(2);
        expect(startsCounted(slots, window, releasedAt)).toBe(0);
        expect(startsAtMostAt(slots, window, startedAt, 0)).toBe(releasedAt);
      }
    },
  );
});

describe("startsAtMostAt()", () => {
  const ledger = recordStarts(recordStarts(EMPTY_LEDGER, 0, 2), 10_000, 3);

  test.each([
    [5, 10_000],
    [4, 60_500],
    [3, 60_500],
    [2, 70_500],
    [0, 70_500],
  ])("finds when at most %d of the minute's 5 starts count", (most, at) => {
    expect(startsAtMostAt(...windowAt(ledger, 1), 10_000, most)).toBe(at);
  });
});

describe("recordStarts()", () => {
  test("adds up what starts in one slot", () => {
    const ledger = recordStarts(recordStarts(EMPTY_LEDGER, 0, 2), 249, 3);

    expect(ledger).toEqual([
      [0, 2, 49, 3],
      [0, 5],
      [0, 5],
      [0, 5],
      [0, 5],
    ]);
  });

  test("drops slots that no longer count, and adds none for no start", () => {
    const ledger = recordStarts(recordStarts(EMPTY_LEDGER, 0, 2), 60_500, 0);

    expect(ledger).toEqual([[], [], [0, 2], [0, 2], [0, 2]]);
  });
});

describe("removeStarts()", () => {
  const ledger = recordStarts(recordStarts(EMPTY_LEDGER, 0, 2), 10_000, 3);

  test("takes starts out of their slots", () => {
    expect(removeStarts(ledger, 10_000, 2)[1]).toEqual([0, 2, 40, 1]);
    expect(removeStarts(ledger, 0, 2)[1]).toEqual([40, 3]);
  });

  test("changes only the windows that remember the slot", () => {
    const later = recordStarts(ledger, 60_500, 0);

    expect(removeStarts(later, 0, 2)).toEqual([[], [40, 3], [0, 3], [0, 3], [0, 3]]);
    expect(remembersMinute(later, 0)).toBe(false);
    expect(remembersMinute(later, 10_000)).toBe(true);
  });
});
