import { describe, expect, test } from "bun:test";
import { Effect, type Layer } from "effect";
import { scryptSync } from "node:crypto";
import * as PasswordHasherLayer from "../../../src/adapters/secrets/password-hasher.ts";
import { PasswordHasher } from "../../../src/services/access/password-hasher.ts";

const hash = (password: string) =>
  Effect.runPromise(
    PasswordHasher.use((hasher) => hasher.hash(password)).pipe(
      Effect.provide(PasswordHasherLayer.layer),
    ),
  );

/** Hashing by the parameters of today is slow on purpose. */
const SLOW = 30_000;
/** Weak parameters, to be quick where strength is not the point. */
const WEAK = { logN: 10, r: 8, p: 1 };

const run = <A, E>(
  effect: Effect.Effect<A, E, PasswordHasher>,
  layer: Layer.Layer<PasswordHasher> = PasswordHasherLayer.layer,
) => Effect.runPromise(Effect.provide(effect, layer));

const verify = (password: string, text: string | undefined) =>
  PasswordHasher.use((hasher) => hasher.verify(password, text));

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

describe("PasswordHasher.verify()", () => {
  test(
    "knows the password again, in both spellings of an accented letter, and no other",
    async () => {
      const text = await hash("pass\u0065\u0301");

      expect(await run(verify("pass\u00e9", text))).toEqual({
        matches: true,
        isOutdated: false,
      });
      for (const other of ["", "pass", "passe", "Pass\u00e9", "pass\u00e9 "]) {
        expect((await run(verify(other, text))).matches).toBe(false);
      }
    },
    SLOW,
  );

  test.each([
    [{ ...WEAK, logN: 11 }, true],
    [{ ...WEAK, r: 9 }, true],
    [{ ...WEAK, p: 2 }, true],
    [WEAK, false],
    [{ ...WEAK, logN: 9 }, false],
  ])(
    "of a hash by weak parameters, once %j are asked for: outdated is %p",
    async (today, isOutdated) => {
      const text = await run(
        PasswordHasher.use((hasher) => hasher.hash("secret")),
        PasswordHasherLayer.layerBy(WEAK),
      );

      const verdict = await run(
        verify("secret", text),
        PasswordHasherLayer.layerBy(today),
      );

      expect(verdict).toEqual({ matches: true, isOutdated });
    },
  );

  test("works as much for nobody as for somebody, and never finds a match", async () => {
    const worked: unknown[] = [];
    const layer = PasswordHasherLayer.layerBy(WEAK, async (_, salt, by) => {
      worked.push({ salt: salt.length, logN: by.logN, r: by.r, p: by.p });
      return new Uint8Array(32);
    });
    const text = await run(
      PasswordHasher.use((hasher) => hasher.hash("secret")),
      layer,
    );
    worked.length = 0;

    await run(verify("secret", text), layer);
    const verdict = await run(verify("secret", undefined), layer);

    expect(verdict.matches).toBe(false);
    expect(worked[1]).toEqual(worked[0]);
  });

  test("works on two at once, however many wait", async () => {
    let [working, most] = [0, 0];
    const layer = PasswordHasherLayer.layerBy(WEAK, async () => {
      most = Math.max(most, ++working);
      await new Promise((resolve) => setTimeout(resolve, 1));
      working--;
      return new Uint8Array(32);
    });
    const many = Array.from({ length: 40 }, () => verify("x", undefined));

    const verdicts = await run(Effect.all(many, { concurrency: "unbounded" }), layer);

    expect(verdicts).toHaveLength(40);
    expect(most).toBe(2);
  });
});
