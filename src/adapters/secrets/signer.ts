/**
 * Tags by HMAC-SHA-256, under a key of its own for each purpose.
 *
 * Source: RFC 2104 (HMAC), RFC 5869 (HKDF).
 *
 * @module
 */
import * as Layer from "effect/Layer";
import { createHmac, hkdfSync, timingSafeEqual } from "node:crypto";
import { Signer } from "../../services/access/signer.ts";

const KEY_BYTES = 32;

/** `secretKey` has 32 bytes. */
export function layer(secretKey: Uint8Array) {
  const keys = new Map<string, Uint8Array>();
  const keyFor = (purpose: string): Uint8Array => {
    const known = keys.get(purpose);
    if (known !== undefined) return known;
    const info = `uni-cache signer ${purpose}`;
    const key = new Uint8Array(hkdfSync("sha256", secretKey, "", info, KEY_BYTES));
    keys.set(purpose, key);
    return key;
  };
  const digest = (purpose: string, text: string) =>
    createHmac("sha256", keyFor(purpose)).update(text, "utf8").digest();

  return Layer.succeed(
    Signer,
    Signer.of({
      sign: (purpose, text) => digest(purpose, text).toString("base64url"),
      verify: (purpose, text, tag) => {
        const expected = Buffer.from(digest(purpose, text).toString("base64url"));
        const given = Buffer.from(tag);
        return given.length === expected.length && timingSafeEqual(given, expected);
      },
    }),
  );
}
