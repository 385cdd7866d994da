/**
 * Bearer tokens.
 *
 * A token is `uc_` and 256 random bits. Only its SHA-256 is kept: with that much
 * randomness a plain hash can't be searched, and needs no salt.
 *
 * @module
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { timeOrderedId } from "../time-ordered-id.ts";

/** Of the token that the service is started with. */
export const BOOTSTRAP_TOKEN_ID = "bootstrap";

/** An id that sorts by `now`, Unix ms: `k_` and 32 hexadecimal digits. */
export function tokenId(now: number, random: Uint8Array): string {
  return timeOrderedId("k_", now, random);
}

/** A token from 32 random bytes. */
export function tokenFrom(random: Uint8Array): string {
  return `uc_${Buffer.from(random).toString("base64url")}`;
}

/** SHA-256 of `token`, 32 bytes. */
export function tokenHash(token: string): Uint8Array {
  return new Uint8Array(createHash("sha256").update(token).digest());
}

/** Compares two hashes in a time that does not depend on where they differ. */
export function sameHash(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
