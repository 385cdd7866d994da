/**
 * Which bytes of a representation a 206 holds.
 *
 * Offsets are bytes; `last` is part of the range.
 *
 * Source: RFC 9110 §14.4.
 *
 * @module
 */
import type { HeaderList } from "../entry/entry.ts";
import { fieldLines } from "./field-value.ts";

export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

export interface ContentRange extends ByteRange {
  /** Of the whole; `undefined`: the origin doesn't know. */
  readonly completeLength: number | undefined;
}

/**
 * `undefined` where there is none, more than one, or an invalid one: "has a last-pos value
 * less than its first-pos value, or a complete-length value less than or equal to its
 * last-pos value" (RFC 9110 §14.4).
 *
 * @example Half of it
 * ```ts
 * import { contentRange } from "./content-range.ts";
 *
 * contentRange([["Content-Range", "bytes 0-4/10"]]); // => { first: 0, last: 4, completeLength: 10 }
 * ```
 */
export function contentRange(headers: HeaderList): ContentRange | undefined {
  const lines = fieldLines(headers, "content-range");
  const parts = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15}|\*)$/i.exec(
    lines[0]?.trim() ?? "",
  );
  if (parts === null || lines.length > 1) return undefined;
  const [first, last] = [Number(parts[1]), Number(parts[2])];
  const completeLength = parts[3] === "*" ? undefined : Number(parts[3]);
  if (last < first || (completeLength ?? Infinity) <= last) return undefined;
  return { first, last, completeLength };
}

export function contentRangeText({ first, last, completeLength }: ContentRange): string {
  return `bytes ${first}-${last}/${completeLength ?? "*"}`;
}
