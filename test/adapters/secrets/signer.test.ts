import { describe, expect, test } from "bun:test";
import { Effect } from "effect";
import * as SignerLayer from "../../../src/adapters/secrets/signer.ts";
import { Signer } from "../../../src/services/access/signer.ts";

const signerOf = (fill: number) =>
  Effect.runSync(
    Effect.provide(Signer, SignerLayer.layer(new Uint8Array(32).fill(fill))),
  );

const signer = signerOf(1);

describe("Signer.verify()", () => {
  test("knows the tag that sign() gave, in every process with the same key", () => {
    const tag = signer.sign("cursor", "text ü");

    expect(tag).toMatch(/^[\w-]{43}$/);
    expect(signer.verify("cursor", "text ü", tag)).toBe(true);
    expect(signerOf(1).verify("cursor", "text ü", tag)).toBe(true);
  });

  test("refuses another text, another purpose, another key", () => {
    const tag = signer.sign("cursor", "text");

    expect(signer.verify("cursor", "text ", tag)).toBe(false);
    expect(signer.verify("csrf", "text", tag)).toBe(false);
    expect(signerOf(2).verify("cursor", "text", tag)).toBe(false);
  });

  test("refuses a tag of which any character is another, more or missing", () => {
    const tag = signer.sign("cursor", "text");

    for (let index = 0; index < tag.length; index++) {
      const other = tag[index] === "A" ? "B" : "A";
      const changed = `${tag.slice(0, index)}${other}${tag.slice(index + 1)}`;
      expect(signer.verify("cursor", "text", changed)).toBe(false);
    }
    for (const wrong of ["", tag.slice(1), tag.slice(0, -1), `${tag}A`, `${tag}=`, "ü"]) {
      expect(signer.verify("cursor", "text", wrong)).toBe(false);
    }
  });
});
