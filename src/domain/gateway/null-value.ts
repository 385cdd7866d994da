/**
 * Which bodies say nothing: an empty one, `null`, `[]` and `{}`, whatever space is in and
 * around them.
 *
 * Source: seed 003 (`cacheNullValue`), contract §7.6.
 *
 * @module
 */

/** Bytes; what is longer is looked at no further. */
const LONGEST = 1_024;

const NOTHING = /^\s*(?:null|\[\s*\]|\{\s*\})?\s*$/;

/**
 * Whether `body`, free of its content coding, says nothing.
 *
 * @example An empty list, and a list of nothing
 * ```ts
 * import { isNullValue } from "./null-value.ts";
 *
 * isNullValue(new TextEncoder().encode(" [ ]\n")); // => true
 * isNullValue(new TextEncoder().encode("[null]")); // => false
 * ```
 */
export function isNullValue(body: Uint8Array): boolean {
  if (body.length > LONGEST) return false;
  // The decoder leaves a byte order mark out.
  return NOTHING.test(new TextDecoder().decode(body));
}
