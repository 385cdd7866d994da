/**
 * Entity tags of what we serve.
 *
 * A tag is weak: it names the data and not the bytes of an answer, which also holds
 * metadata that moves with time.
 *
 * Source: RFC 9110 §8.8.3 (ETag), §13.1.2 (If-None-Match).
 *
 * @module
 */
import { createHash } from "node:crypto";

/** The tag of `body`: equal bodies have equal tags. */
export function entityTagOf(body: Uint8Array): string {
  const hash = createHash("sha256").update(body).digest("base64url");
  return `W/"${hash.slice(0, 22)}"`;
}

/** `*`, or the opaque parts of the tags a client holds. */
export type TagList = "*" | readonly string[];

/**
 * Reads `If-None-Match`; what is not a tag is passed over.
 *
 * @example A list with a weak and a strong tag
 * ```ts
 * import { parseTagList } from "./entity-tag.ts";
 *
 * parseTagList('W/"a", "b,c"'); // => ["a", "b,c"]
 * ```
 */
export function parseTagList(text: string): TagList {
  if (text.trim() === "*") return "*";
  return [...text.matchAll(/(?:W\/)?"([\x21\x23-\x7e\x80-\xff]*)"/g)].map(
    ([, tag = ""]) => tag,
  );
}

/** Weak comparison (RFC 9110 §8.8.3.2): the opaque parts are equal. */
export function tagMatches(list: TagList, tag: string): boolean {
  if (list === "*") return true;
  const [opaque] = parseTagList(tag);
  return opaque !== undefined && list.includes(opaque);
}
