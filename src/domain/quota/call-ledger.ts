/**
 * The calls that started, remembered for as long as a window can hold them.
 *
 * Starts are counted per slot. All starts of a slot count until the slot's end is a
 * window and its slack ago: the last of them may have been a slack late at the upstream.
 * Every window is kept, whatever the limit names, so that a change of the limit finds
 * its past.
 *
 * Instants are whole milliseconds that never go back (quota time, see `quota.ts`).
 *
 * @module
 */
import { QUOTA_WINDOWS, type QuotaWindow } from "./rate-limit.ts";

/** Slots and the starts in them, ascending: `[slot, count, slot, count, …]`, counts ≥ 1. */
export type SlotCounts = readonly number[];

/** The starts by window, in the order of `QUOTA_WINDOWS`. */
export type CallLedger = readonly SlotCounts[];

/** The ledger of a source that was never called. */
export const EMPTY_LEDGER: CallLedger = QUOTA_WINDOWS.map(() => []);

function slotAt(window: QuotaWindow, at: number): number {
  return Math.floor(at / window.slotMillis);
}

/** The first instant at which the starts of `slot` no longer count. */
function releasedAt(window: QuotaWindow, slot: number): number {
  return (slot + 1) * window.slotMillis + window.windowMillis + window.slackMillis;
}

/** Index of the first slot that still counts at `at`. */
function firstCounted(slots: SlotCounts, window: QuotaWindow, at: number): number {
  let index = 0;
  while (index < slots.length && releasedAt(window, slots[index] ?? 0) <= at) index += 2;
  return index;
}

/** How many starts count in the window at `at`. */
export function startsCounted(
  slots: SlotCounts,
  window: QuotaWindow,
  at: number,
): number {
  let starts = 0;
  for (let index = firstCounted(slots, window, at); index < slots.length; index += 2) {
    starts += slots[index + 1] ?? 0;
  }
  return starts;
}

/**
 * The first instant from `at` on at which no more than `most` starts count, if none is added.
 *
 * A start at 0 is in the minute's first slot of 250 ms; it counts until 60,500.
 */
export function startsAtMostAt(
  slots: SlotCounts,
  window: QuotaWindow,
  at: number,
  most: number,
): number {
  let starts = startsCounted(slots, window, at);
  let reachedAt = at;
  let index = firstCounted(slots, window, at);
  for (; starts > most && index < slots.length; index += 2) {
    starts -= slots[index + 1] ?? 0;
    reachedAt = releasedAt(window, slots[index] ?? 0);
  }
  return reachedAt;
}

/** Adds `count` starts at `at`, which is never before the last ones, and drops what is over. */
export function recordStarts(ledger: CallLedger, at: number, count: number): CallLedger {
  return QUOTA_WINDOWS.map((window, position) => {
    const slots = ledger[position] ?? [];
    const kept = slots.slice(firstCounted(slots, window, at));
    if (count === 0) return kept;

    const slot = slotAt(window, at);
    if (kept.at(-2) === slot) kept.push((kept.pop() ?? 0) + count);
    else kept.push(slot, count);
    return kept;
  });
}

/** Takes `count` starts at `startedAt` out again, from each window that still remembers them. */
export function removeStarts(
  ledger: CallLedger,
  startedAt: number,
  count: number,
): CallLedger {
  return QUOTA_WINDOWS.map((window, position) => {
    const slots = ledger[position] ?? [];
    const index = slotIndex(slots, slotAt(window, startedAt));
    if (index < 0) return slots;

    const left = (slots[index + 1] ?? 0) - count;
    return left > 0 ? slots.with(index + 1, left) : slots.toSpliced(index, 2);
  });
}

/** Says whether the starts at `startedAt` are still remembered in the window of a minute. */
export function remembersMinute(ledger: CallLedger, startedAt: number): boolean {
  return QUOTA_WINDOWS.some(
    (window, position) =>
      window.windowMillis === 60_000 &&
      slotIndex(ledger[position] ?? [], slotAt(window, startedAt)) >= 0,
  );
}

function slotIndex(slots: SlotCounts, slot: number): number {
  for (let index = 0; index < slots.length; index += 2) {
    if (slots[index] === slot) return index;
  }
  return -1;
}
