import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  percentEncoded,
  type Place,
} from "../../../src/domain/source/percent-encoding.ts";

/** RFC 3986 by character: what may stand in a place as it is, `data` with our restriction. */
const PLAIN: Readonly<Record<Place, RegExp>> = {
  path: /^[A-Za-z0-9\-._~!$&'()*+,;=:@]$/,
  query: /^[A-Za-z0-9\-._~!$&'()*+,;=:@/?]$/,
  data: /^[A-Za-z0-9\-._~!$'()*,:@]$/,
};

const escapeOf = (character: string) =>
  Array.from(
    new TextEncoder().encode(character),
    (byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`,
  ).join("");

const byCharacter = (text: string, place: Place) =>
  Array.from(text, (one) => (PLAIN[place].test(one) ? one : escapeOf(one))).join("");

const text = fc
  .array(
    fc.oneof(
      fc.constantFrom(..." %!$&'()*+,;=:@/?#[]\\^`{|}~", "%2F", "%24", "上", "\u{1F600}"),
      fc.string({ unit: "binary", maxLength: 4 }),
    ),
    { maxLength: 20 },
  )
  .map((pieces) => pieces.join(""));

describe("percentEncoded()", () => {
  test.each(["path", "query", "data"] as const)(
    "in %s escapes what has no room there, each for itself, and nothing else",
    (place) => {
      const ascii = Array.from({ length: 128 }, (_, code) => String.fromCharCode(code));

      expect(percentEncoded(ascii.join(""), place)).toBe(
        byCharacter(ascii.join(""), place),
      );
      fc.assert(
        fc.property(text, (one) => {
          expect(percentEncoded(one, place)).toBe(byCharacter(one, place));
        }),
        { numRuns: 2_000 },
      );
    },
  );
});
