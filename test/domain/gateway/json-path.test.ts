import { describe, expect, test } from "bun:test";
import { parseJsonPath, valueAt } from "../../../src/domain/gateway/json-path.ts";

describe("parseJsonPath()", () => {
  test.each<[string, (string | number)[]]>([
    ["$", []],
    ["$.a.b[0]['c']", ["a", "b", 0, "c"]],
    ['$["a.b"][12]', ["a.b", 12]],
    ["$['it\\'s']", ["it's"]],
    ["$['a\\\\']", ["a\\"]],
    ["$['']", [""]],
    ["$.kullanıcı_1", ["kullanıcı_1"]],
  ])("reads %j", (text, path) => {
    expect(parseJsonPath(text)).toEqual({ _tag: "Parsed", path });
  });

  test.each([
    "",
    "a",
    ".a",
    "$a",
    "$.",
    "$..a",
    "$.*",
    "$[*]",
    "$[-1]",
    "$[01]",
    "$[0:2]",
    "$[?(@.a)]",
    "$['a'",
    "$['a\\n']",
    "$.a b",
    "$.1a",
    "$.a ",
    `$${".a".repeat(300)}`,
  ])("refuses %j", (text) => {
    expect(parseJsonPath(text)._tag).toBe("Refused");
  });

  test("says what it does not know", () => {
    expect(parseJsonPath("$.a[*]")).toEqual({
      _tag: "Refused",
      reason: `only .name, ['name'] and [0] are known, not "[*]"`,
    });
  });
});

describe("valueAt()", () => {
  const document: unknown = JSON.parse(
    '{"a": {"b": [1, null]}, "0": "zero", "__proto__": 2}',
  );

  test.each<[(string | number)[], unknown]>([
    [["a", "b", 0], 1],
    [["a", "b", 1], null],
    [["a", "b", 2], undefined],
    [["a", "b", "length"], undefined],
    [["a", "b", 1, "c"], undefined],
    [["0"], "zero"],
    [[0], undefined],
    [["__proto__"], 2],
    [["constructor"], undefined],
    [["a", "x", "y"], undefined],
  ])("finds at %j: %j", (path, value) => {
    expect(valueAt(document, path)).toEqual(value);
  });

  test("gives the document for the root", () => {
    expect(valueAt(document, [])).toBe(document);
  });
});
