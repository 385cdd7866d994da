/**
 * The name of a resource within its source: the path, with its query, that is called.
 *
 * One resource has one spelling. Spaces around the text are dropped; the path
 * begins with `/`, has no doubled `/`, and ends in `/` only where the template
 * does; text is NFC and, like everything RFC 3986 has no room for, escaped as UTF-8
 * with upper-case hex; unreserved characters are never escaped; query parameters are
 * sorted by name, equal names keep their order, an empty query is none. The result
 * is printable ASCII and goes to the upstream as it is.
 *
 * A text of more than three times the longest key is refused unseen, whatever its spelling
 * would be.
 *
 * Different on purpose: `/` and `%2F`, any other reserved character and its escape,
 * `+` and `%20` in a query, `a` and `a=`. RFC 3986 makes none of them equal.
 *
 * Source: RFC 3986 §6.2.2, RFC 9110 §4.2.3 (http(s) normalisation).
 *
 * @module
 */

import {
  byName,
  cutQuery,
  type KeyCase,
  pathSegments,
  pieceOf,
  type QueryPart,
  spellQuery,
  spellSegment,
  textFault,
} from "./key-spelling.ts";
import { percentDecoded } from "./percent-encoding.ts";

/** How the keys of one source are spelled. */
export interface KeyShape {
  readonly keyCase: KeyCase;
  /** Whether keys end in `/`, as their template does. */
  readonly trailingSlash: boolean;
}

/** A key; or `Malformed`: it means nothing; or `Refused`: it means something too long. */
export type KeyDecision =
  | { readonly _tag: "Key"; readonly key: string }
  | { readonly _tag: "Malformed"; readonly reason: string }
  | { readonly _tag: "Refused"; readonly reason: string };

/** The text of one segment of a URL's path. */
export type SegmentDecision =
  | { readonly _tag: "Text"; readonly text: string }
  | { readonly _tag: "Malformed"; readonly reason: string };

/** The most bytes a normalised key may have. */
export const MAX_KEY_BYTES = 2_048;
/** The most characters a key may be written with: three for each byte, as an escape has. */
export const MAX_KEY_LENGTH = 3 * MAX_KEY_BYTES;

const TOO_LONG = {
  _tag: "Refused",
  reason: `Key is longer than ${MAX_KEY_BYTES} bytes`,
} as const;

/** Decodes, once, the segment of a request's path that carries a key. */
export function decodeKeySegment(rawPathSegment: string): SegmentDecision {
  const text = percentDecoded(rawPathSegment);
  return text === undefined
    ? { _tag: "Malformed", reason: "Malformed percent-escape in the path" }
    : { _tag: "Text", text };
}

/**
 * Finds the one spelling of a key that was decoded from its URL already.
 *
 * @example Needless escapes, a doubled slash and the order of the query
 * ```ts
 * import { normaliseKey } from "./cache-key.ts";
 *
 * const shape = { keyCase: "preserve", trailingSlash: false } as const;
 * normaliseKey("weather//%53hanghai/?b=2&a=1", shape); // => { _tag: "Key", key: "/weather/Shanghai?a=1&b=2" }
 * ```
 */
export function normaliseKey(text: string, shape: KeyShape): KeyDecision {
  // Spelling takes time with each character, so it never begins with what is much too long.
  if (text.length > MAX_KEY_LENGTH) return TOO_LONG;
  const fault = textFault(text);
  if (fault !== undefined) return { _tag: "Malformed", reason: fault };
  const { path, query } = cutQuery(text.trim());

  const segments: string[] = [];
  for (const raw of pathSegments(path)) {
    const segment = spellSegment(raw, shape.keyCase);
    if (segment._tag === "Malformed") return segment;
    segments.push(segment.text);
  }

  const parts = spellQuery(query, shape.keyCase);
  if ("_tag" in parts) return parts;
  const key = keyFrom(segments, parts.toSorted(byName), shape.trailingSlash);
  return key.length <= MAX_KEY_BYTES ? { _tag: "Key", key } : TOO_LONG;
}

/** Puts a key together from parts that are spelled and sorted already. */
export function keyFrom(
  segments: readonly string[],
  parts: readonly QueryPart[],
  trailingSlash: boolean,
): string {
  const path = `/${segments.join("/")}${trailingSlash && segments.length > 0 ? "/" : ""}`;
  const query = parts.map(pieceOf).join("&");
  return query === "" ? path : `${path}?${query}`;
}
