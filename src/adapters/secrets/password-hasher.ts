/**
 * Passwords by scrypt.
 *
 * A hash is `scrypt$<log2 N>$<r>$<p>$<salt>$<hash>` in base64url, so that the parameters
 * may rise later.
 *
 * Source: RFC 7914; OWASP Password Storage Cheat Sheet (N = 2^17, r = 8, p = 1).
 *
 * @module
 */
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import { randomBytes, scrypt } from "node:crypto";
import { PasswordHasher } from "../../services/access/password-hasher.ts";

const LOG_N = 17;
const R = 8;
const P = 1;
const HASH_BYTES = 32;
const SALT_BYTES = 16;
/** 128 · N · r bytes, and some room. */
const MAX_MEMORY = 160 * 1024 * 1024;

export const layer = Layer.succeed(
  PasswordHasher,
  PasswordHasher.of({
    hash: (password) =>
      Effect.promise(async () => {
        const salt = randomBytes(SALT_BYTES);
        const hash = await derived(password, salt);
        const parts = [
          LOG_N,
          R,
          P,
          salt.toString("base64url"),
          hash.toString("base64url"),
        ];
        return `scrypt$${parts.join("$")}`;
      }),
  }),
);

function derived(password: string, salt: Uint8Array): Promise<Buffer> {
  const options = { N: 2 ** LOG_N, r: R, p: P, maxmem: MAX_MEMORY };
  return new Promise((resolve, reject) => {
    scrypt(password.normalize("NFC"), salt, HASH_BYTES, options, (error, hash) =>
      error ? reject(error) : resolve(hash),
    );
  });
}
