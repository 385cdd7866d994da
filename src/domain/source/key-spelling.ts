/**
 * The one spelling of each part of a key: a path segment, a query, a plain text.
 *
 * A part is cut out first and only then decoded, so that nothing in it can become
 * a delimiter. Its text is composed (NFC), recased where the source says so, and
 * escaped again.
 *
 * Source: RFC 3986 §6.2.2 (case, percent-encoding and dot segments), Unicode UAX #15.
 *
 * @module
 */

import {
  CONTROL,
  percentDecoded,
  percentEncoded,
  type Place,
  RESERVED_ESCAPES,
} from "./percent-encoding.ts";

/** Whether `/A` and `/a` are two resources (`preserve`) or one (`lower`). */
export type KeyCase = "preserve" | "lower";

/** A part in its one spelling, or why it has none. */
export type Spelling = { readonly _tag: "Spelled"; readonly text: string } | Malformed;

export interface Malformed {
  readonly _tag: "Malformed";
  readonly reason: string;
}

/** One piece of a query, escaped; `value` is `undefined` where there was no `=`. */
export interface QueryPart {
  readonly name: string;
  readonly value: string | undefined;
}

/** Composes `text` and applies `keyCase`; applying it again changes nothing. */
export function canonicalText(text: string, keyCase: KeyCase): string {
  const composed = text.normalize("NFC");
  if (keyCase === "preserve") return composed;
  // One code point at a time, because a final sigma depends on its neighbours.
  return Array.from(composed, (point) => point.toLowerCase())
    .join("")
    .normalize("NFC");
}

/** Says why `text` can't be carried in a URL at all; `undefined` if it can. */
export function textFault(text: string): string | undefined {
  if (!text.isWellFormed()) return "Not Unicode text: it holds half a surrogate pair";
  if (CONTROL.test(text)) return "Control characters are not allowed";
  return undefined;
}

/** Respells one path segment, which holds no `/`, or refuses it as a dot segment. */
export function spellSegment(raw: string, keyCase: KeyCase): Spelling {
  const spelling = spell(raw, "path", keyCase);
  return spelling._tag === "Spelled" && isDotSegment(percentDecoded(spelling.text) ?? "")
    ? malformed(DOT_SEGMENT)
    : spelling;
}

/** Respells what a path segment begins with: `.` may be the start of `.well-known`. */
export function spellSegmentStart(raw: string, keyCase: KeyCase): Spelling {
  return spell(raw, "path", keyCase);
}

/** Respells the name or the value of a query parameter. */
export function spellQueryText(raw: string, keyCase: KeyCase): Spelling {
  return spell(raw, "query", keyCase);
}

export const DOT_SEGMENT = "Dot segments are not allowed in a path";

/**
 * Tells whether some server would read a decoded segment as `.` or `..`: one that
 * also splits at `\` or at an escaped `/`, or that cuts path parameters off at `;`.
 */
export function isDotSegment(plain: string): boolean {
  return plain.split(/[/\\]/).some((part) => /^\.\.?(?:;|$)/.test(part));
}

/** Cuts a path from its query at the first `?`. */
export function cutQuery(text: string): {
  readonly path: string;
  readonly query: string;
} {
  const at = text.indexOf("?");
  return at < 0
    ? { path: text, query: "" }
    : { path: text.slice(0, at), query: text.slice(at + 1) };
}

/** The segments of a path, as they are spelled; empty ones are dropped. */
export function pathSegments(path: string): readonly string[] {
  return path.split("/").filter((segment) => segment !== "");
}

/** The pieces of a query, as they are spelled; empty ones are dropped. */
export function queryParts(query: string): readonly QueryPart[] {
  return query
    .split("&")
    .filter((piece) => piece !== "")
    .map((piece) => {
      const at = piece.indexOf("=");
      return at < 0
        ? { name: piece, value: undefined }
        : { name: piece.slice(0, at), value: piece.slice(at + 1) };
    });
}

/** The pieces of a query in their one spelling, in the order they came. */
export function spellQuery(
  query: string,
  keyCase: KeyCase,
): readonly QueryPart[] | Malformed {
  const parts: QueryPart[] = [];
  for (const raw of queryParts(query)) {
    const name = spellQueryText(raw.name, keyCase);
    if (name._tag === "Malformed") return name;
    const value = spellQueryText(raw.value ?? "", keyCase);
    if (value._tag === "Malformed") return value;
    parts.push({
      name: name.text,
      value: raw.value === undefined ? undefined : value.text,
    });
  }
  return parts;
}

/** How a piece stands in a query. */
export function pieceOf({ name, value }: QueryPart): string {
  return value === undefined ? name : `${name}=${value}`;
}

/** Orders by name in byte order; equal names keep their order. */
export function byName(
  a: { readonly name: string },
  b: { readonly name: string },
): number {
  if (a.name === b.name) return 0;
  return a.name < b.name ? -1 : 1;
}

function spell(raw: string, place: Place, keyCase: KeyCase): Spelling {
  let text = "";
  for (const [index, piece] of raw.split(RESERVED_ESCAPES).entries()) {
    if (index % 2 === 1) {
      text += piece.toUpperCase();
      continue;
    }
    const plain = percentDecoded(piece);
    if (plain === undefined) return malformed("Malformed percent-escape");
    const fault = textFault(plain);
    if (fault !== undefined) return malformed(fault);
    text += percentEncoded(canonicalText(plain, keyCase), place);
  }
  return { _tag: "Spelled", text };
}

function malformed(reason: string): Malformed {
  return { _tag: "Malformed", reason };
}
