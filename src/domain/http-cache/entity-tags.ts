/**
 * Entity tags of others: compared weakly and strongly, and passed on as they came.
 *
 * Source: RFC 9110 §8.8.3 (ETag), §8.8.3.2 (comparison), §13.1.1 and §13.1.2 (lists).
 *
 * @module
 */

/** `text` is the tag as it came; `opaque` what stands between its quotes. */
export interface EntityTag {
  readonly text: string;
  readonly opaque: string;
  readonly isWeak: boolean;
}

/**
 * One tag, `undefined` where it is none.
 *
 * @example A weak one
 * ```ts
 * import { entityTag } from "./entity-tags.ts";
 *
 * entityTag('W/"a,b"'); // => { text: 'W/"a,b"', opaque: "a,b", isWeak: true }
 * entityTag("unquoted"); // => undefined
 * ```
 */
export function entityTag(value: string | undefined): EntityTag | undefined {
  const text = value?.trim() ?? "";
  const parts = /^(W\/)?"([^"\x00-\x20\x7f]*)"$/.exec(text);
  if (parts === null) return undefined;
  return { text, opaque: parts[2] ?? "", isWeak: parts[1] !== undefined };
}

/** The tags of `If-Match`, `If-None-Match`; what is none is passed over. */
export function entityTags(value: string): "*" | readonly EntityTag[] {
  if (value.trim() === "*") return "*";
  return [...value.matchAll(/(?:W\/)?"[^"\x00-\x20\x7f]*"/g)].flatMap(
    ([text]) => entityTag(text) ?? [],
  );
}

/** "two entity tags are equivalent if their opaque-tags match character-by-character". */
export function matchesWeakly(one: EntityTag, other: EntityTag): boolean {
  return one.opaque === other.opaque;
}

/** "… if both are not weak and their opaque-tags match character-by-character". */
export function matchesStrongly(one: EntityTag, other: EntityTag): boolean {
  return !one.isWeak && !other.isWeak && one.opaque === other.opaque;
}
