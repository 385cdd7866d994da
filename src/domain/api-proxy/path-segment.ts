/**
 * One segment of a path: how it is compared, and what a template says about it.
 *
 * Two spellings are one where RFC 3986 says so: an unreserved character and its escape,
 * and escapes in either case. A reserved character and its escape are two.
 *
 * Source: RFC 3986 §6.2.2 (equivalent spellings), OpenAPI 3.1 "Path Templating".
 *
 * @module
 */
import { percentEncoded } from "../source/percent-encoding.ts";

/** Literal text between values: one more piece than there are values. */
export interface SegmentPattern {
  readonly literals: readonly string[];
  /** The names of its values, in their order. */
  readonly names: readonly string[];
}

const PLAIN = /^[A-Za-z0-9\-._~!$&'()*+,;=:@]*$/;
const ESCAPE = /%[0-9A-Fa-f]{2}/g;
const ESCAPES = /((?:%[0-9A-Fa-f]{2})+)/;
const UNRESERVED = /[A-Za-z0-9\-._~]/;
const PLACEHOLDER = /\{([^{}]+)\}/;

/**
 * The spelling by which a segment is compared. Text that is no valid escape stands for
 * itself.
 *
 * @example Escapes that are needed, in one case
 * ```ts
 * import { comparedSegment } from "./path-segment.ts";
 *
 * comparedSegment("%7Eada%2fx"); // => "~ada%2Fx"
 * comparedSegment("ü"); // => "%C3%BC"
 * ```
 */
export function comparedSegment(raw: string): string {
  if (PLAIN.test(raw)) return raw;
  const parts = raw.split(ESCAPES);
  return parts
    .map((part, index) =>
      index % 2 === 1
        ? part.replace(ESCAPE, unescapedIfUnreserved)
        : percentEncoded(part.toWellFormed(), "path"),
    )
    .join("");
}

function unescapedIfUnreserved(escape: string): string {
  const character = String.fromCharCode(Number.parseInt(escape.slice(1), 16));
  return UNRESERVED.test(character) ? character : escape.toUpperCase();
}

/** Reads one segment of a template; `undefined` where its braces don't pair. */
export function parseSegmentPattern(raw: string): SegmentPattern | undefined {
  const parts = raw.split(PLACEHOLDER);
  const literals = parts.filter((_, index) => index % 2 === 0);
  if (literals.some((text) => /[{}]/.test(text))) return undefined;
  return {
    literals: literals.map(comparedSegment),
    names: parts.filter((_, index) => index % 2 === 1),
  };
}

/** Whether the pattern is one value and nothing else. */
export function isWholeValue({ literals }: SegmentPattern): boolean {
  return literals.length === 2 && literals[0] === "" && literals[1] === "";
}

/**
 * The values that `segment` (as compared) has for `pattern`, escaped; `undefined` where it
 * doesn't fit. Each value has a character at least and ends as early as it can. Takes time
 * in proportion to the segment, whatever the pattern is.
 *
 * @example The first value ends at the first `-`
 * ```ts
 * import { parseSegmentPattern, segmentValues } from "./path-segment.ts";
 *
 * const pattern = parseSegmentPattern("{from}-{to}.json");
 * pattern && segmentValues(pattern, "1-2-3.json"); // => ["1", "2-3"]
 * ```
 */
export function segmentValues(
  { literals }: SegmentPattern,
  segment: string,
): readonly string[] | undefined {
  const [first = "", ...others] = literals;
  if (!segment.startsWith(first)) return undefined;
  const values: string[] = [];
  let at = first.length;
  for (const [index, literal] of others.entries()) {
    const isLast = index === others.length - 1;
    const from = nextCut(segment, at);
    const end = isLast
      ? endingAt(segment, literal, from)
      : cutBefore(segment, literal, from);
    if (end === undefined) return undefined;
    values.push(segment.slice(at, end));
    at = end + literal.length;
  }
  return at === segment.length ? values : undefined;
}

/** Behind the character at `at`, escaped or not. */
function nextCut(segment: string, at: number): number {
  let end = at + 1;
  while (end < segment.length && !isCut(segment, end)) end += 1;
  return end;
}

function endingAt(segment: string, literal: string, from: number): number | undefined {
  const end = segment.length - literal.length;
  return end >= from && segment.endsWith(literal) && isCut(segment, end)
    ? end
    : undefined;
}

function cutBefore(segment: string, literal: string, from: number): number | undefined {
  for (let end = from; end <= segment.length; end += 1) {
    end = segment.indexOf(literal, end);
    if (end < 0) return undefined;
    if (isCut(segment, end)) return end;
  }
  return undefined;
}

/** Whether no character stands across `at`; one may have several escapes (UTF-8). */
function isCut(segment: string, at: number): boolean {
  if (segment[at - 1] === "%" || segment[at - 2] === "%") return false;
  return !(segment[at] === "%" && /[89AB]/.test(segment[at + 1] ?? ""));
}
