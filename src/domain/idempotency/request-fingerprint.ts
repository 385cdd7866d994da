/**
 * Tells whether two requests are the same.
 *
 * Headers don't count: a client that sends a request again may have got another token,
 * another request id or another `User-Agent`.
 *
 * @module
 */
import { createHash } from "node:crypto";

export interface RequestText {
  readonly method: string;
  /** Path and query, as they were sent. */
  readonly target: string;
  /** As received. */
  readonly body: Uint8Array;
}

/**
 * SHA-256 of method, target and body, 32 bytes.
 *
 * No two requests share the hashed text, since neither method nor target holds a line end.
 */
export function requestFingerprint({ method, target, body }: RequestText): Uint8Array {
  return new Uint8Array(
    createHash("sha256").update(`${method}\n${target}\n`).update(body).digest(),
  );
}

/** Fingerprints are no secrets; they are compared as they come. */
export function sameRequest(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
