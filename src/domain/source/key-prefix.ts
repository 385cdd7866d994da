/**
 * How the keys of a source begin, as a client asks for them.
 *
 * A prefix is spelled as a key is but for its end, since the key may go on there: its last
 * segment may be part of one and is no dot segment yet, it keeps a `/` that it ends in and
 * gets none, and the last piece of its query stays last. A percent-escape that is cut off
 * means nothing.
 *
 * Keys are printable ASCII, so their byte order is the order of their characters.
 *
 * @module
 */
import {
  type KeyDecision,
  keyFrom,
  type KeyShape,
  MAX_KEY_BYTES,
  MAX_KEY_LENGTH,
} from "./cache-key.ts";
import {
  byName,
  cutQuery,
  pathSegments,
  pieceOf,
  type Spelling,
  spellQuery,
  spellSegment,
  spellSegmentStart,
  textFault,
} from "./key-spelling.ts";

/** What keys begin with; or why none can. */
export type PrefixDecision =
  | { readonly _tag: "Prefix"; readonly prefix: string }
  | Exclude<KeyDecision, { readonly _tag: "Key" }>;

const TOO_LONG = {
  _tag: "Refused",
  reason: `No key is longer than ${MAX_KEY_BYTES} bytes`,
} as const;

/**
 * Finds the one spelling of what keys begin with.
 *
 * @example A segment goes on where the prefix ends, unless it ends in a slash
 * ```ts
 * import { normalisePrefix } from "./key-prefix.ts";
 *
 * const shape = { keyCase: "preserve", trailingSlash: false } as const;
 * normalisePrefix("weather//%53han", shape); // => { _tag: "Prefix", prefix: "/weather/Shan" }
 * normalisePrefix("/weather/", shape); // => { _tag: "Prefix", prefix: "/weather/" }
 * ```
 */
export function normalisePrefix(text: string, shape: KeyShape): PrefixDecision {
  if (text.length > MAX_KEY_LENGTH) return TOO_LONG;
  const fault = textFault(text);
  if (fault !== undefined) return { _tag: "Malformed", reason: fault };
  const begun = text.trimStart();
  const { path, query } = cutQuery(begun);
  const isWholePath = path.length < begun.length;

  const segments: string[] = [];
  const raw = pathSegments(path);
  for (const [index, one] of raw.entries()) {
    const goesOn = !isWholePath && !path.endsWith("/") && index === raw.length - 1;
    const spell = goesOn ? spellSegmentStart : spellSegment;
    const segment = spell(one, shape.keyCase);
    if (segment._tag === "Malformed") return segment;
    segments.push(segment.text);
  }
  const slash = isWholePath ? shape.trailingSlash : path.endsWith("/");
  const begin = keyFrom(segments, [], slash);

  const end = isWholePath ? spellQueryStart(query, shape) : spelled("");
  if (end._tag === "Malformed") return end;
  const prefix = `${begin}${end.text}`;
  return prefix.length <= MAX_KEY_BYTES ? { _tag: "Prefix", prefix } : TOO_LONG;
}

/** The least text after everything that begins with `prefix`, which is not empty. */
export function prefixEnd(prefix: string): string {
  const last = prefix.charCodeAt(prefix.length - 1);
  return prefix.slice(0, -1) + String.fromCharCode(last + 1);
}

/** With its `?`; pieces before the last are whole, and sorted as in a key. */
function spellQueryStart(query: string, { keyCase }: KeyShape): Spelling {
  const parts = spellQuery(query, keyCase);
  if ("_tag" in parts) return parts;
  const isOpen = query !== "" && !query.endsWith("&");
  const last = isOpen ? parts.at(-1) : undefined;
  const whole = (isOpen ? parts.slice(0, -1) : parts)
    .toSorted(byName)
    .map((part) => `${pieceOf(part)}&`);
  return spelled(`?${whole.join("")}${last === undefined ? "" : pieceOf(last)}`);
}

const spelled = (text: string): Spelling => ({ _tag: "Spelled", text });
