import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  decodeKeySegment,
  type KeyShape,
  normaliseKey,
} from "../../../src/domain/source/cache-key.ts";
import { canonicalText } from "../../../src/domain/source/key-spelling.ts";

const plain: KeyShape = { keyCase: "preserve", trailingSlash: false };
const lower: KeyShape = { keyCase: "lower", trailingSlash: false };
const slashed: KeyShape = { keyCase: "preserve", trailingSlash: true };

/** The key, or the tag of the refusal. */
function keyOf(text: string, shape: KeyShape = plain): string {
  const decision = normaliseKey(text, shape);
  return decision._tag === "Key" ? decision.key : decision._tag;
}

/** Text a client could send as a key: delimiters, escapes, and any Unicode. */
const keyText = fc
  .array(
    fc.oneof(
      fc.constantFrom("/", "//", "?", "&", "=", "+", "#", "\\", ";", ".", "..", " ", "%"),
      fc.constantFrom("%2F", "%2f", "%41", "%e4%b8%8a", "%25", "%3D", "%CC%B8", "\u0338"),
      fc.constantFrom("A", "e", "\u0301", "\u212B", "\u0130", "Σ", "\u037E", "\u1FEF"),
      fc.string({ unit: "binary", maxLength: 4 }),
      fc.string({ unit: "grapheme", maxLength: 4 }),
    ),
    { maxLength: 12 },
  )
  .map((pieces) => pieces.join(""));

const shape = fc.record({
  keyCase: fc.constantFrom("preserve", "lower"),
  trailingSlash: fc.boolean(),
});

describe("normaliseKey()", () => {
  test.each([
    ["/weather/Shanghai", "/weather/Shanghai"],
    ["  weather/Shanghai\u3000", "/weather/Shanghai"],
    ["", "/"],
    ["///", "/"],
    ["//weather///Shanghai/", "/weather/Shanghai"],
    ["/weather/上", "/weather/%E4%B8%8A"],
    ["/weather/%e4%b8%8a", "/weather/%E4%B8%8A"],
    ["/e\u0301", "/%C3%A9"],
    ["/e%cc%81", "/%C3%A9"],
    ["/%7Euser/%41%2d%5F", "/~user/A-_"],
    ["/a b/c%20d", "/a%20b/c%20d"],
    ["/a\\b#c", "/a%5Cb%23c"],
    ['/a|b^c`d"e<f>g{h}i[j]', "/a%7Cb%5Ec%60d%22e%3Cf%3Eg%7Bh%7Di%5Bj%5D"],
    ["/users/a@b.com/x:y;z=1,2", "/users/a@b.com/x:y;z=1,2"],
    ["/https://evil.example/x", "/https:/evil.example/x"],
    ["/...", "/..."],
    ["/.well-known/..a", "/.well-known/..a"],
  ])("spells the path %j as %s", (text, key) => {
    expect(keyOf(text)).toBe(key);
  });

  test.each([
    ["/a?", "/a"],
    ["/a?&", "/a"],
    ["/a?b=2&&a=1&", "/a?a=1&b=2"],
    ["/a?b=2&a=9&b=1&a=0", "/a?a=9&a=0&b=2&b=1"],
    ["/a?q=x+y&r=x y", "/a?q=x+y&r=x%20y"],
    ["/a?q=1?2/3#4", "/a?q=1?2/3%234"],
    ["/a?q=b=c", "/a?q=b=c"],
    ["/a/?q=//x/../y", "/a?q=//x/../y"],
    ["?a=1", "/?a=1"],
    ["/a?%61=1", "/a?a=1"],
    ["/a?x=\u0338", "/a?x=%CC%B8"],
  ])("spells the query of %j as %s", (text, key) => {
    expect(keyOf(text)).toBe(key);
  });

  test.each([
    ["/a/b", "/a%2Fb"],
    ["/a:b", "/a%3Ab"],
    ["/a?b", "/a%3Fb"],
    ["/a?q=1+2", "/a?q=1%2B2"],
    ["/a?q=1+2", "/a?q=1%202"],
    ["/a?q=1&r", "/a?q=1%26r"],
    ["/a?q", "/a?q="],
    ["/A", "/a"],
    ["/a%25", "/a%2525"],
  ])("keeps %j and %j apart", (one, other) => {
    expect(keyOf(one)).not.toBe(keyOf(other));
  });

  test.each([..."!$&'()*+,:;=@"])("keeps %s and its escape as they come", (mark) => {
    const escape = `%${mark.charCodeAt(0).toString(16).toUpperCase()}`;

    expect(keyOf(`/a${mark}b?q=a${mark}`)).toStartWith(`/a${mark}b?q=a`);
    expect(keyOf(`/a${escape}b?q=a${escape}`)).toBe(`/a${escape}b?q=a${escape}`);
  });

  test("ends the path in / where the template does, but for the root", () => {
    expect(keyOf("/a?b", slashed)).toBe("/a/?b");
    expect(keyOf("/a//", slashed)).toBe("/a/");
    expect(keyOf("/", slashed)).toBe("/");
  });

  test("lower-cases text and leaves the hex of escapes alone", () => {
    expect(keyOf("/Weather/ÄB%2f%3ac?Q=X", lower)).toBe("/weather/%C3%A4b%2F%3Ac?q=x");
    expect(keyOf("/ΑΣ", lower)).toBe(keyOf("/ασ", lower));
    expect(keyOf("/J\u030C", lower)).toBe(keyOf("/\u01F0", lower));
  });

  test.each([
    "/..",
    "/.",
    "../a",
    "/a/../b",
    "/a/./b",
    "/a/..?q",
    "/%2e%2e/a",
    "/%2E./a",
    "/a%2F..%2Fb",
    "/a%2f%2e",
    "/..%5C..",
    "/..\\x",
    "/a\\..",
    "/..;/admin",
    "/..%3Bx/admin",
    "/..\u037E/admin",
  ])("takes the dot segment in %j for malformed", (text) => {
    expect(keyOf(text)).toBe("Malformed");
  });

  test.each([
    "/a\0",
    "/a%00",
    "/a\t",
    "/.\t.",
    "/a\r\nX: y",
    "/a%0d%0a",
    "/a\x7F",
    "/a\x9F",
    "/a%C2%80",
    "/a?q=\n",
    "/a?%00=1",
  ])("takes the control character in %j for malformed", (text) => {
    expect(keyOf(text)).toBe("Malformed");
  });

  test.each([
    "/%",
    "/%4",
    "/%zz",
    "/a%%20",
    "/%FF",
    "/%C0%AE",
    "/%ED%A0%80",
    "/%E4%2F",
    "/\uD800",
    "/?a=%G0",
  ])("takes the escape in %j for malformed", (text) => {
    expect(keyOf(text)).toBe("Malformed");
  });

  test("refuses a key of more than 2,048 bytes, counted when it is spelled", () => {
    expect(keyOf(`/${"a".repeat(2_047)}`)).toHaveLength(2_048);
    expect(keyOf(`/${"a".repeat(2_048)}`)).toBe("Refused");
    expect(keyOf(`/${"%61".repeat(2_047)}`)).toHaveLength(2_048);
    expect(keyOf(`/${"上".repeat(228)}`)).toBe("Refused");
  });

  test("changes nothing when it is applied again", () => {
    fc.assert(
      fc.property(keyText, shape, (text, shape) => {
        const once = normaliseKey(text, shape);
        if (once._tag !== "Key") return;

        expect(normaliseKey(once.key, shape)).toEqual(once);
      }),
      { numRuns: 1_500 },
    );
  });

  test("gives printable ASCII, without // in the path, of 2,048 bytes at most", () => {
    fc.assert(
      fc.property(keyText, shape, (text, shape) => {
        const decision = normaliseKey(text, shape);
        if (decision._tag !== "Key") return;

        expect(decision.key).toMatch(/^\/[\x21-\x7E]*$/);
        expect(decision.key.split("?")[0]).not.toContain("//");
        expect(decision.key.length).toBeLessThanOrEqual(2_048);
      }),
      { numRuns: 1_500 },
    );
  });

  test("gives one key for every spelling of one resource", () => {
    fc.assert(
      fc.property(resource, fc.infiniteStream(fc.nat(9)), (resource, dice) => {
        const roll = () => dice.next().value ?? 0;
        const plainly = keyOf(spelled(resource, () => 0));
        expect(plainly).not.toBe("Malformed");

        expect(keyOf(spelled(resource, roll))).toBe(plainly);
      }),
      { numRuns: 600 },
    );
  });
});

describe("canonicalText()", () => {
  test("changes nothing when it is applied again, for every code point", () => {
    for (let point = 0; point <= 0x2ffff; point++) {
      if (point >= 0xd800 && point <= 0xdfff) continue;
      const once = canonicalText(`a${String.fromCodePoint(point)}z`, "lower");

      if (canonicalText(once, "lower") !== once)
        throw new Error(`U+${point.toString(16)}`);
    }
  });
});

describe("decodeKeySegment()", () => {
  test("decodes once", () => {
    expect(decodeKeySegment("%2Fa%252Fb%20%E4%B8%8A")).toEqual({
      _tag: "Text",
      text: "/a%2Fb 上",
    });
  });

  test.each(["%", "%2", "%ZZ", "%2Fa%", "%FF", "%C0%80", "%ED%A0%80"])(
    "takes %j for malformed",
    (raw) => {
      expect(decodeKeySegment(raw)._tag).toBe("Malformed");
    },
  );
});

interface Resource {
  readonly segments: readonly string[];
  readonly query: readonly (readonly [name: string, value: string])[];
}

const text = fc
  .string({ unit: "grapheme", minLength: 1, maxLength: 5 })
  .map((text) => text.normalize("NFC"))
  .filter((text) => !/\p{Cc}|^\.\.?$|^\.\.?[;\\/]|[;\\/]\.\.?$|[\\/]\./u.test(text));

/** Two or more segments, and a query in which no name stands twice. */
const resource: fc.Arbitrary<Resource> = fc.record({
  segments: fc.array(text, { minLength: 2, maxLength: 4 }),
  query: fc.uniqueArray(fc.tuple(text, text), {
    maxLength: 4,
    selector: ([name]) => encodeURIComponent(name),
  }),
});

/** One of the many spellings of a resource; `roll` decides which. */
function spelled({ segments, query }: Resource, roll: () => number): string {
  const path = segments.map((text) => `/${roll() > 7 ? "/" : ""}${escaped(text, roll)}`);
  const pieces = query.map(
    ([name, value]) => `${escaped(name, roll)}=${escaped(value, roll)}`,
  );
  const turn = roll() % Math.max(1, pieces.length);
  const turned = [...pieces.slice(turn), ...pieces.slice(0, turn)];
  const end = roll() > 5 ? "/" : "";
  const gap = roll() > 5 ? " " : "";
  return `${gap}${path.join("")}${end}?${turned.join(roll() > 7 ? "&&" : "&")}`;
}

/** Escapes what must be, and by chance what need not be; composed or not, in any hex case. */
function escaped(text: string, roll: () => number): string {
  // Composed, `≠` is a character; taken apart, it would begin with a delimiter.
  const form = roll() > 4 && !text.includes("≠") ? text.normalize("NFD") : text;
  return Array.from(form, (point) =>
    /[\s%\x21-\x2C/:;=?@[\\\]]/.test(point) || roll() > 4
      ? cased(hex(point), roll)
      : point,
  ).join("");
}

function hex(point: string): string {
  return [...new TextEncoder().encode(point)]
    .map((byte) => `%${byte.toString(16).padStart(2, "0").toUpperCase()}`)
    .join("");
}

function cased(escape: string, roll: () => number): string {
  return roll() > 4 ? escape.toLowerCase() : escape;
}
