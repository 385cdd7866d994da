/**
 * The spelling in which a quota is stored: a short JSON array that begins with its version.
 *
 * `[1, countedAt, steppedBackMillis, credit, [slot, count, gap, count, …], …]` with one
 * inner array per window. Only an array's first slot is spelled out; the next ones are
 * gaps to the one before.
 *
 * @module
 */
import { QUOTA_WINDOWS } from "./rate-limit.ts";
import type { SlotCounts } from "./call-ledger.ts";
import type { QuotaState } from "./quota.ts";

const VERSION = 1;

/** Spells a quota out; at most some 10 kB, however many calls it counts. */
export function encodeQuota(state: QuotaState): string {
  const { countedAt, steppedBackMillis, credit, ledger } = state;
  return JSON.stringify([
    VERSION,
    countedAt,
    steppedBackMillis,
    credit,
    ...ledger.map(toGaps),
  ]);
}

/** Reads what `encodeQuota` spelled; `undefined` for anything else, another version included. */
export function decodeQuota(text: string): QuotaState | undefined {
  const record = parsed(text);
  if (!Array.isArray(record) || record.length !== 4 + QUOTA_WINDOWS.length) {
    return undefined;
  }
  const [version, countedAt, steppedBackMillis, credit, ...gaps]: readonly unknown[] =
    record;
  const ledger = gaps.map(fromGaps).filter((slots) => slots !== undefined);
  if (
    version !== VERSION ||
    !Number.isSafeInteger(countedAt) ||
    !isCount(steppedBackMillis) ||
    !isCount(credit) ||
    ledger.length !== QUOTA_WINDOWS.length
  ) {
    return undefined;
  }
  return { countedAt: Number(countedAt), steppedBackMillis, credit, ledger };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function toGaps(slots: SlotCounts): readonly number[] {
  const gaps = slots.slice();
  for (let index = 2; index < slots.length; index += 2) {
    gaps[index] = (slots[index] ?? 0) - (slots[index - 2] ?? 0);
  }
  return gaps;
}

function fromGaps(gaps: unknown): SlotCounts | undefined {
  if (!Array.isArray(gaps) || gaps.length % 2 !== 0) return undefined;
  const slots: number[] = [];
  let slot = 0;
  for (let index = 0; index < gaps.length; index += 2) {
    const gap: unknown = gaps[index];
    const count: unknown = gaps[index + 1];
    if (!isCount(gap) || !isCount(count) || count === 0) return undefined;
    if (gap === 0 && index > 0) return undefined;
    slot += gap;
    slots.push(slot, count);
  }
  return slots;
}
