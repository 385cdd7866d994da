import { describe, expect, test } from "bun:test";
import { Effect } from "effect";
import { scryptSync } from "node:crypto";
import * as PasswordHasherLayer from "../../../src/adapters/secrets/password-hasher.ts";
import { PasswordHasher } from "../../../src/services/access/password-hasher.ts";

const hash = (password: string) =>
  Effect.runPromise(
    PasswordHasher.use((hasher) => hasher.hash(password)).pipe(
      Effect.provide(PasswordHasherLayer.layer),
    ),
  );

/** Computes the hash part anew by the parameters that `text` names. */
function recomputed(text: string, password: string) {
  const [, logN, r, p, salt = "", kept = ""] = text.split("$");
  const computed = scryptSync(password, Buffer.from(salt, "base64url"), 32, {
    N: 2 ** Number(logN),
    r: Number(r),
    p: Number(p),
    maxmem: 2 ** 28,
  });
  return { kept, computed: computed.toString("base64url") };
}

describe("PasswordHasher.hash()", () => {
  test("names its parameters, at least those OWASP asks for, and can be recomputed by them", async () => {
    const text = await hash("correct horse");

    expect(text).toMatch(/^scrypt\$17\$8\$1\$[\w-]{22}\$[\w-]{43}$/);
    const { kept, computed } = recomputed(text, "correct horse");
    expect(kept).toBe(computed);
    expect(recomputed(text, "correct horsf").computed).not.toBe(kept);
  });

  test("hashes the same password otherwise each time", async () => {
    expect(await hash("same")).not.toBe(await hash("same"));
  });

  test("takes both spellings of an accented letter for one", async () => {
    const text = await hash("pass\u0065\u0301");

    const { kept, computed } = recomputed(text, "pass\u00e9");
    expect(kept).toBe(computed);
  });
});
