/**
 * A stored response: what the upstream said about one key, and when.
 *
 * Bodies are bytes and stay bytes, so that what is served is what was received.
 *
 * @module
 */
import { createHash } from "node:crypto";
import type { Lifetime } from "./freshness.ts";

/** `space` separates the keys of one source (or proxy) from those of every other. */
export interface EntryId {
  readonly space: string;
  readonly key: string;
}

/** How `body` appears as the `data` of an answer. */
export type DataEncoding = "json" | "text" | "base64";

export type HeaderList = readonly (readonly [name: string, value: string])[];

export interface Entry extends EntryId {
  readonly status: number;
  readonly headers: HeaderList;
  readonly contentType: string | undefined;
  readonly encoding: DataEncoding;
  /** JSON as received for `json`, UTF-8 for `text`, anything for `base64`. */
  readonly body: Uint8Array;
  /** Ours, weak: equal bodies have equal tags. */
  readonly etag: string;
  readonly params: Readonly<Record<string, string>>;
  readonly lifetime: Lifetime;
  /** When the call that last confirmed the entry was sent. */
  readonly requestAt: number;
  /** When its answer had come. */
  readonly responseAt: number;
}

/** SHA-256 of `id`, 32 bytes. No two ids share the hashed text, since a space holds no NUL. */
export function keyHash(id: EntryId): Uint8Array {
  return new Uint8Array(
    createHash("sha256").update(id.space).update("\0").update(id.key).digest(),
  );
}

/** `keyHash` in hexadecimal, for arrays of many. */
export function hexHash(id: EntryId): string {
  return Buffer.from(keyHash(id)).toString("hex");
}

/** The space of a source's entries. */
export function sourceSpace(epoch: number): string {
  return `s${epoch}`;
}

/** The first value of header `name`, given in lower case. */
export function headerValue(headers: HeaderList, name: string): string | undefined {
  return headers.find(([candidate]) => candidate.toLowerCase() === name)?.[1];
}

/** A short name for news about `id`: 96 bits of its hash. A collision only forgets too much. */
export function newsName(id: EntryId): string {
  return Buffer.from(keyHash(id).subarray(0, 12)).toString("base64url");
}
