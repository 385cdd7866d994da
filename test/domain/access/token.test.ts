import { describe, expect, test } from "bun:test";
import { sameHash, tokenFrom, tokenHash } from "../../../src/domain/access/token.ts";

describe("tokenFrom()", () => {
  test("holds all 256 bits in letters that a header takes", () => {
    const text = tokenFrom(new Uint8Array(32).fill(0xff));

    expect(text).toBe(`uc_${"_".repeat(42)}8`);
    expect(tokenFrom(new Uint8Array(32))).toBe(`uc_${"A".repeat(43)}`);
  });
});

describe("tokenHash()", () => {
  test("is the SHA-256 of the token's text", () => {
    expect(Buffer.from(tokenHash("abc")).toString("hex")).toBe(
      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    );
  });
});

describe("sameHash()", () => {
  test("tells hashes apart, of whatever length", () => {
    const hash = tokenHash("a");

    expect(sameHash(hash, tokenHash("a"))).toBe(true);
    expect(sameHash(hash, tokenHash("b"))).toBe(false);
    expect(sameHash(hash, hash.subarray(0, 31))).toBe(false);
    expect(sameHash(hash, new Uint8Array())).toBe(false);
  });
});
