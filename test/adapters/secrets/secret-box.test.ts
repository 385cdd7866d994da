import { describe, expect, test } from "bun:test";
import { Effect } from "effect";
import * as SecretBoxLayer from "../../../src/adapters/secrets/secret-box.ts";
import { SecretBox } from "../../../src/services/source/secret-box.ts";

const boxOf = (fill: number) =>
  Effect.runSync(
    Effect.provide(SecretBox, SecretBoxLayer.layer(new Uint8Array(32).fill(fill))),
  );

const box = boxOf(1);
const context = "source weather";

describe("SecretBox.open()", () => {
  test.each([["a secret"], [""], ["ü😀\u0000\n"], ["x".repeat(100_000)]])(
    "gives back what seal() took: %p",
    (text) => {
      expect(box.open(box.seal(text, context), context)).toBe(text);
    },
  );

  test("opens for the same key only", () => {
    const other = boxOf(2);
    const sealed = box.seal("secret", context);

    expect(other.open(sealed, context)).toBeUndefined();
    expect(other.open({ ...sealed, keyId: other.keyId }, context)).toBeUndefined();
    expect(boxOf(1).open(sealed, context)).toBe("secret");
  });

  test("opens in the same place only", () => {
    const sealed = box.seal("secret", context);

    expect(box.open(sealed, "source weather2")).toBeUndefined();
    expect(box.open(sealed, "")).toBeUndefined();
  });

  test("opens nothing of which any bit was changed, or a part is missing", () => {
    const sealed = box.seal("secret", context);

    for (let bit = 0; bit < sealed.bytes.length * 8; bit++) {
      const bytes = sealed.bytes.slice();
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(box.open({ ...sealed, bytes }, context)).toBeUndefined();
    }
    for (let length = 0; length < sealed.bytes.length; length++) {
      const bytes = sealed.bytes.subarray(0, length);
      expect(box.open({ ...sealed, bytes }, context)).toBeUndefined();
    }
  });
});

describe("SecretBox.seal()", () => {
  test("seals the same text otherwise each time, and shows nothing of it", () => {
    const sealed = Array.from({ length: 50 }, () => box.seal("secret text", context));

    const texts = sealed.map(({ bytes }) => Buffer.from(bytes).toString("latin1"));
    expect(new Set(texts).size).toBe(50);
    expect(texts.join("")).not.toContain("secret");
  });

  test("names its key without telling it", () => {
    expect(box.keyId).toBe(boxOf(1).keyId);
    expect(box.keyId).not.toBe(boxOf(2).keyId);
    expect(box.keyId).not.toContain("01010101");
  });
});
