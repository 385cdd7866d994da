import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type KeyShape, normaliseKey } from "../../../src/domain/source/cache-key.ts";
import { normalisePrefix, prefixEnd } from "../../../src/domain/source/key-prefix.ts";

const plain: KeyShape = { keyCase: "preserve", trailingSlash: false };
const lower: KeyShape = { keyCase: "lower", trailingSlash: false };
const slashed: KeyShape = { keyCase: "preserve", trailingSlash: true };

/** The prefix, or the tag of the refusal. */
function prefixOf(text: string, shape: KeyShape = plain): string {
  const decision = normalisePrefix(text, shape);
  return decision._tag === "Prefix" ? decision.prefix : decision._tag;
}

const shapes = fc.record({
  keyCase: fc.constantFrom<KeyShape["keyCase"]>("preserve", "lower"),
  trailingSlash: fc.boolean(),
});

/** A key in its one spelling, with a path, and mostly with a query. */
const keyAndShape = fc
  .tuple(
    shapes,
    fc
      .array(
        fc.oneof(
          fc.constantFrom("/", "?", "&", "=", "%2F", "%E4%B8%8A", "%25", ".", "..a", "+"),
          fc.string({ unit: "grapheme", maxLength: 4 }),
        ),
        { maxLength: 10 },
      )
      .map((pieces) => pieces.join("")),
  )
  .map(([shape, text]) => ({ shape, decision: normaliseKey(text, shape) }))
  .filter(({ decision }) => decision._tag === "Key")
  .map(({ shape, decision }) => ({
    shape,
    key: decision._tag === "Key" ? decision.key : "",
  }));

/** Where `key` can be cut: not in a percent-escape, and not between those of one character. */
function cuts(key: string): readonly string[] {
  return Array.from({ length: key.length + 1 }, (_, end) => key.slice(0, end)).filter(
    (begin) => {
      try {
        return decodeURIComponent(begin) !== undefined;
      } catch {
        return false;
      }
    },
  );
}

describe("normalisePrefix()", () => {
  test.each([
    ["", "/"],
    ["/", "/"],
    ["//", "/"],
    ["weather", "/weather"],
    ["  weather", "/weather"],
    ["/weather/", "/weather/"],
    ["//weather//", "/weather/"],
    ["/weather/Sh", "/weather/Sh"],
    ["/weather/%53h", "/weather/Sh"],
    ["/weather/São", "/weather/S%C3%A3o"],
    ["/weather/a ", "/weather/a%20"],
    ["/a%2fb", "/a%2Fb"],
    ["/.", "/."],
    ["/a/..", "/a/.."],
    ["/.well", "/.well"],
    ["/a?", "/a?"],
    ["/a/?", "/a?"],
    ["/a?b=1&", "/a?b=1&"],
    ["/a?c=2&b=1&", "/a?b=1&c=2&"],
    ["/a?c=2&b=1&d", "/a?b=1&c=2&d"],
    ["/a?b=1&&c=", "/a?b=1&c="],
    ["?a", "/?a"],
  ])("spells %j as %s", (text, prefix) => {
    expect(prefixOf(text)).toBe(prefix);
  });

  test("neither adds nor removes a slash at its end, whatever the template has", () => {
    for (const shape of [plain, slashed]) {
      expect(prefixOf("/a", shape)).toBe("/a");
      expect(prefixOf("/a/", shape)).toBe("/a/");
    }
  });

  test("ends the path as the template does where a query follows", () => {
    expect(prefixOf("/a?b", slashed)).toBe("/a/?b");
    expect(prefixOf("/a/?b", plain)).toBe("/a?b");
    expect(prefixOf("/?b", slashed)).toBe("/?b");
  });

  test("is recased as the keys are", () => {
    expect(prefixOf("/Weather/ÄB%2f", lower)).toBe("/weather/%C3%A4b%2F");
  });

  test.each([
    ["a cut escape", "/a%"],
    ["half an escape", "/a%4"],
    ["half a character", "/a%E4%B8"],
    ["a broken escape", "/a%zz"],
    ["half a surrogate pair", "/a\uD800"],
    ["NUL", "/a\0"],
    ["an escaped NUL", "/a%00"],
    ["a line break", "/a\n"],
    ["a dot segment that has ended", "/a/../"],
    ["one within", "/%2e%2E/a"],
    ["one before a query", "/a/..?b"],
  ])("%s means nothing", (_, text) => {
    expect(prefixOf(text)).toBe("Malformed");
  });

  test("longer than any key is refused", () => {
    expect(prefixOf(`/${"a".repeat(2_047)}`)).toHaveLength(2_048);
    expect(prefixOf(`/${"a".repeat(2_048)}`)).toBe("Refused");
  });

  test("leaves the beginning of any key as it is", () => {
    fc.assert(
      fc.property(keyAndShape, ({ shape, key }) => {
        for (const begin of cuts(key).slice(1)) {
          expect(prefixOf(begin, shape)).toBe(begin);
        }
      }),
    );
  });

  test("changes nothing when it is applied again", () => {
    fc.assert(
      fc.property(shapes, fc.string({ unit: "grapheme" }), (shape, text) => {
        const once = normalisePrefix(text, shape);
        if (once._tag !== "Prefix") return;
        expect(prefixOf(once.prefix, shape)).toBe(once.prefix);
      }),
    );
  });

  test("finds what is stored under a path that goes on, however both are spelled", () => {
    const word = fc.stringMatching(/^[a-zA-Z0-9]{1,6}$/);
    const path = fc.array(word, { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(path, word, fc.constantFrom("/", "//"), (path, more, slash) => {
        const begin = path.join(slash);
        const key = normaliseKey(`${begin}${more}/x`, plain);

        expect(key._tag === "Key" && key.key.startsWith(prefixOf(begin))).toBe(true);
      }),
    );
  });
});

describe("prefixEnd()", () => {
  test("is after every key that begins so, and before every other that is greater", () => {
    fc.assert(
      fc.property(keyAndShape, keyAndShape, fc.nat(), ({ key }, other, cut) => {
        const prefix = key.slice(0, 1 + (cut % key.length));
        for (const one of [key, other.key]) {
          const isWithin = prefix <= one && one < prefixEnd(prefix);

          expect(isWithin).toBe(one.startsWith(prefix));
        }
      }),
    );
  });

  test("has room for the last character there is", () => {
    expect("/a~~~" < prefixEnd("/a~")).toBe(true);
    expect("/b" < prefixEnd("/a~")).toBe(false);
  });
});
