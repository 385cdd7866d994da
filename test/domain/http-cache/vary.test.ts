import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { HeaderList } from "../../../src/domain/entry/entry.ts";
import {
  selectingOf,
  selectVariant,
  variantName,
} from "../../../src/domain/http-cache/vary.ts";
import { NOON, SECOND, stored } from "./stored.ts";

/** Whether a request with `presented` selects what came for `asked`. */
function matches(vary: string, asked: HeaderList, presented: HeaderList): boolean {
  const one = stored(
    [
      ["Cache-Control", "max-age=60"],
      ["Vary", vary],
    ],
    { asked },
  );
  return selectVariant(presented, [one], NOON) === one;
}

describe("selectVariant() (§4.1)", () => {
  const foo = (...values: readonly string[]): HeaderList =>
    values.map((value) => ["Foo", value]);

  test("compares what Vary names, and nothing else", () => {
    expect(matches("Foo", foo("1"), [...foo("1"), ["Other", "3"]])).toBe(true);
    expect(matches("foo", foo("1"), [["fOO", "1"]])).toBe(true);
    expect(matches("Foo", foo("1"), foo("2"))).toBe(false);
    expect(matches("Foo", foo("1"), [])).toBe(false);
    expect(matches("Foo", [], foo("1"))).toBe(false);
    expect(matches("Foo", [], foo(""))).toBe(false);
    expect(matches("Foo, Bar, Baz", foo("1"), foo("1"))).toBe(true);
    expect(matches("Foo, Bar", [...foo("1"), ["Bar", "2"]], foo("1"))).toBe(false);
  });

  test("takes several lines together and leaves white space out", () => {
    expect(matches("Foo", foo("1, 2"), foo("1", "2"))).toBe(true);
    expect(matches("Foo", foo("1,2"), foo(" 1, 2 "))).toBe(true);
    expect(matches("Foo", foo("1, 2"), foo("2, 1"))).toBe(false);
    expect(matches("Foo", foo("a"), foo("A"))).toBe(false);
    expect(matches("Foo", foo('"1,2"'), foo('"1, 2"'))).toBe(false);
  });

  test("sees neither case nor order in lists of preferences (RFC 9110 §12.5.4)", () => {
    const language = (value: string): HeaderList => [["Accept-Language", value]];
    const same = (one: string, other: string) =>
      matches("Accept-Language", language(one), language(other));

    expect(same("en, de", "de, en")).toBe(true);
    expect(same("en, de", "eN, De")).toBe(true);
    expect(same("en, de", " en ,   de")).toBe(true);
    expect(same("en, de;q=0.50", "de ; q=0.5, en;q=1.0")).toBe(true);
    expect(same("en, de;q=0.5", "en;q=0.5, de")).toBe(false);
    // It would be a guess of ours what the origin prefers.
    expect(same("en, de", "fr;q=0.5, de;q=1.0")).toBe(false);
  });

  const now = NOON + SECOND;
  const answer = (vary: string | undefined, asked: HeaderList, at = NOON) =>
    stored(
      [
        ["Cache-Control", "max-age=60"],
        ...(vary === undefined ? [] : [["Vary", vary] as const]),
      ],
      { asked, at },
    );

  test("of several takes the most recent", () => {
    const older = answer("Foo", foo("1"), NOON - 5 * SECOND);
    const newer = answer("Foo, Bar", foo("1"));

    expect(selectVariant(foo("1"), [older, newer], now)).toBe(newer);
    expect(selectVariant(foo("1"), [newer, older], now)).toBe(newer);
  });

  test("doesn't take one without Vary for all, while one that varies is fresh", () => {
    const german = answer("Foo", foo("de"), NOON - 5 * SECOND);
    const bare = answer(undefined, [], NOON);

    expect(selectVariant(foo("de"), [german, bare], now)).toBe(german);
    expect(selectVariant(foo("fr"), [german, bare], now)).toBeUndefined();
    expect(selectVariant(foo("fr"), [german, bare], NOON + 57 * SECOND)).toBe(bare);
  });
});

describe("selectingOf()", () => {
  test("finds nothing to select by in Vary: *, or in what names no field", () => {
    for (const vary of ["*", "Foo, *", "foo bar", "a/b"]) {
      expect(selectingOf([], [["Vary", vary]])).toBeUndefined();
    }
    expect(selectingOf([], [["Vary", ""]])).toEqual({});
    expect(selectingOf([], [])).toEqual({});
  });

  test("keeps of a credential what it is told to", () => {
    const conceal = (name: string, value: string) =>
      name === "cookie" ? "hidden" : value;
    const asked = [
      ["Cookie", "secret"],
      ["Foo", "1"],
    ] as const;

    expect(selectingOf(asked, [["Vary", "Cookie, Foo"]], conceal)).toEqual({
      cookie: "hidden",
      foo: "1",
    });
  });
});

describe("variantName()", () => {
  test("is empty where nothing varies, else short", () => {
    expect(variantName({})).toBe("");
    expect(variantName({ foo: "1" })).toMatch(/^[0-9a-f]{32}$/);
  });

  test("is the same for the same, and differs for what differs", () => {
    const selecting = fc.dictionary(fc.string(), fc.option(fc.string()));
    fc.assert(
      fc.property(selecting, selecting, (one, other) => {
        const isSame = JSON.stringify(sorted(one)) === JSON.stringify(sorted(other));
        expect(variantName(one) === variantName(other)).toBe(isSame);
        expect(variantName(Object.fromEntries(sorted(one).toReversed()))).toBe(
          variantName(one),
        );
      }),
    );
  });
});

function sorted<T>(fields: Readonly<Record<string, T>>) {
  return Object.entries(fields).toSorted(([a], [b]) => (a < b ? -1 : 1));
}
