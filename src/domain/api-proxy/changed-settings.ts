/**
 * Whether a change of cache settings makes what they stored wrong.
 *
 * @module
 */
import type { CacheSettings } from "./cache-settings.ts";

/** What decides which response is stored under which key, where, and for how long. */
const DECISIVE = [
  "cacheActive",
  "cacheOnlyHttpGetRequests",
  "cacheKeyType",
  "cacheStorageType",
  "ttl",
  "cacheNullValue",
  "variableList",
] as const satisfies readonly (keyof CacheSettings)[];

/**
 * Whether `after` would store otherwise than `before` did. What is called otherwise, or
 * answered otherwise from what is stored, makes no difference.
 */
export function storesOtherwise(
  before: CacheSettings | undefined,
  after: CacheSettings,
): boolean {
  if (before === undefined) return after.cacheActive;
  return DECISIVE.some((field) => textOf(before[field]) !== textOf(after[field]));
}

/** Of plain values whose fields were put down in one order. */
const textOf = (value: unknown) => JSON.stringify(value, sortedFields);

function sortedFields(_: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)),
  );
}
