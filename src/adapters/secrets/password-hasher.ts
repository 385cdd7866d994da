/**
 * Passwords by scrypt.
 *
 * A hash is `scrypt$<log2 N>$<r>$<p>$<salt>$<hash>` in base64url, so that the parameters
 * may rise later. Each takes 128 MiB while it is worked on, so two are at once.
 *
 * Source: RFC 7914; OWASP Password Storage Cheat Sheet (N = 2^17, r = 8, p = 1).
 *
 * @module
 */
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Semaphore from "effect/Semaphore";
import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import { PasswordHasher } from "../../services/access/password-hasher.ts";

interface Parameters {
  readonly logN: number;
  readonly r: number;
  readonly p: number;
}

const TODAY: Parameters = { logN: 17, r: 8, p: 1 };
const HASH_BYTES = 32;
const SALT_BYTES = 16;
const AT_ONCE = 2;

export const layer = layerBy(TODAY);

type Derive = (password: string, salt: Uint8Array, by: Parameters) => Promise<Uint8Array>;

/** Hashes by `today`, and takes every hash by less for outdated. */
export function layerBy(today: Parameters, derive: Derive = derived) {
  return Layer.effect(
    PasswordHasher,
    Effect.gen(function* () {
      const turns = yield* Semaphore.make(AT_ONCE);
      const work = (password: string, salt: Uint8Array, by: Parameters) =>
        turns.withPermits(1)(Effect.promise(() => derive(password, salt, by)));

      return PasswordHasher.of({
        hash: Effect.fnUntraced(function* (password) {
          const salt = randomBytes(SALT_BYTES);
          return written({ ...today, salt, hash: yield* work(password, salt, today) });
        }),
        verify: Effect.fnUntraced(function* (password, text) {
          const kept = text === undefined ? nobody(today) : read(text);
          const hash = yield* work(password, kept.salt, kept);
          return {
            matches: timingSafeEqual(hash, kept.hash) && text !== undefined,
            isOutdated: kept.logN < today.logN || kept.r < today.r || kept.p < today.p,
          };
        }),
      });
    }),
  );
}

interface Kept extends Parameters {
  readonly salt: Uint8Array;
  readonly hash: Uint8Array;
}

const nobody = (by: Parameters): Kept => ({
  ...by,
  salt: new Uint8Array(SALT_BYTES),
  hash: new Uint8Array(HASH_BYTES),
});

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64url");

const written = ({ logN, r, p, salt, hash }: Kept): string =>
  `scrypt$${[logN, r, p, base64(salt), base64(hash)].join("$")}`;

function read(text: string): Kept {
  const match = /^scrypt\$(\d+)\$(\d+)\$(\d+)\$([\w-]+)\$([\w-]{43})$/.exec(text);
  if (match === null) throw new Error("Expected a password hash of our own");
  const [, logN, r, p, salt = "", hash = ""] = match;
  return {
    logN: Number(logN),
    r: Number(r),
    p: Number(p),
    salt: Buffer.from(salt, "base64url"),
    hash: Buffer.from(hash, "base64url"),
  };
}

function derived(password: string, salt: Uint8Array, by: Parameters): Promise<Buffer> {
  const N = 2 ** by.logN;
  // 128 · N · r bytes, and some room.
  const options = { N, r: by.r, p: by.p, maxmem: 160 * N * by.r };
  return new Promise((resolve, reject) => {
    scrypt(password.normalize("NFC"), salt, HASH_BYTES, options, (error, hash) =>
      error ? reject(error) : resolve(hash),
    );
  });
}
