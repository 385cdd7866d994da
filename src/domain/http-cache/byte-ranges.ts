/**
 * Which bytes a request asks for.
 *
 * Source: RFC 9110 §14.1.2 (byte ranges), §14.2 (Range), §15.3.7.2 (several parts).
 *
 * @module
 */
import type { ByteRange } from "./content-range.ts";
import { listMembers } from "./field-value.ts";

export type AskedRanges =
  /** In the order asked for; those that overlap are one. At least one. */
  | { readonly _tag: "Ranges"; readonly ranges: readonly ByteRange[] }
  | { readonly _tag: "Unsatisfiable" }
  /** "A server MAY ignore the Range header field": the whole is the answer. */
  | { readonly _tag: "Ignored" };

/** More of them cost more than the whole ("many small ranges", RFC 9110 §14.2). */
const MOST_RANGES = 16;

/**
 * The ranges of a representation of `size` bytes. Other units than bytes, what doesn't parse
 * and too many ranges are ignored. "A byte-range-spec … is satisfiable if it contains an
 * int-range with a first-pos less than the current length of the selected representation or a
 * suffix-range with a non-zero suffix-length" (RFC 9110 §14.1.2).
 *
 * @example Of ten bytes the first two, and the last
 * ```ts
 * import { askedRanges } from "./byte-ranges.ts";
 *
 * askedRanges("bytes=0-1, -1", 10); // => { _tag: "Ranges", ranges: [{ first: 0, last: 1 }, { first: 9, last: 9 }] }
 * askedRanges("bytes=10-", 10); // => { _tag: "Unsatisfiable" }
 * ```
 */
export function askedRanges(value: string, size: number): AskedRanges {
  const text = value.trim();
  const specs = /^bytes=/i.test(text) ? listMembers(text.slice(6)) : [];
  if (specs.length === 0 || specs.length > MOST_RANGES || size === 0) return IGNORED;
  const ranges: ByteRange[] = [];
  for (const spec of specs) {
    const parts = /^(\d*)-(\d*)$/.exec(spec);
    const [first = "", last = ""] = parts?.slice(1) ?? [];
    if (first === "" && last === "") return IGNORED;
    if (first !== "" && last !== "" && Number(last) < Number(first)) return IGNORED;
    const range =
      first === ""
        ? { first: Math.max(0, size - Number(last)), last: size - 1 }
        : {
            first: Number(first),
            last: last === "" ? size - 1 : Math.min(Number(last), size - 1),
          };
    if (range.first < size) ranges.push(range);
  }
  return ranges.length === 0
    ? { _tag: "Unsatisfiable" }
    : { _tag: "Ranges", ranges: coalesced(ranges) };
}

const IGNORED: AskedRanges = { _tag: "Ignored" };

/**
 * "A server that generates a multipart response … MAY coalesce any of the ranges that overlap"
 * (RFC 9110 §15.3.7.2); then they are ascending.
 */
function coalesced(ranges: readonly ByteRange[]): readonly ByteRange[] {
  const ascending = ranges.toSorted((a, b) => a.first - b.first);
  const merged: ByteRange[] = [];
  for (const range of ascending) {
    const before = merged.at(-1);
    if (before !== undefined && range.first <= before.last) {
      merged[merged.length - 1] = {
        first: before.first,
        last: Math.max(before.last, range.last),
      };
    } else merged.push(range);
  }
  return merged.length === ranges.length ? ranges : merged;
}
