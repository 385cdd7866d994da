import { describe, expect, test } from "bun:test";
import { keyHash, newsName } from "../../../src/domain/entry/entry.ts";
import { mightSelect, selects, wantedParams } from "../../../src/domain/entry/purge.ts";

const id = { space: "s1", key: "/a" };

describe("selects()", () => {
  test.each([
    [{ _tag: "Key", space: "s1", key: "/a" }, true],
    [{ _tag: "Key", space: "s1", key: "/A" }, false],
    [{ _tag: "Key", space: "s1", key: "/a/" }, false],
    [{ _tag: "Key", space: "s2", key: "/a" }, false],
    [{ _tag: "Key", space: "s1", key: "" }, false],
    [{ _tag: "Space", space: "s1" }, true],
    [{ _tag: "Space", space: "s11" }, false],
    [{ _tag: "Space", space: "s" }, false],
    [{ _tag: "Space", space: "" }, false],
  ] as const)("%p: %p", (selection, covers) => {
    expect(selects(selection, { ...id, params: {} })).toBe(covers);
    expect(mightSelect(selection, id)).toBe(covers);
  });

  const bob = {
    space: "s1",
    key: "/instances/7/accounts/Bob",
    params: { instance_id: "7", username: "Bob" },
  };
  const wanting = (params: Record<string, string>, ...caseless: string[]) => ({
    _tag: "Matching" as const,
    params: { ...wantedParams(params), caseless },
  });

  test.each([
    ["nothing said", { _tag: "Matching" }, true],
    ["its space", { _tag: "Matching", spaces: ["s0", "s1"] }, true],
    ["no space", { _tag: "Matching", spaces: [] }, false],
    ["its key", { _tag: "Matching", key: bob.key }, true],
    ["a key that it begins with", { _tag: "Matching", key: "/instances" }, false],
    ["what its key begins with", { _tag: "Matching", prefix: "/instances/7" }, true],
    ["another prefix", { _tag: "Matching", prefix: "/instances/70" }, false],
    ["a prefix elsewhere", { _tag: "Matching", spaces: ["s2"], prefix: "/" }, false],
    ["one of its params", wanting({ instance_id: "7" }), true],
    ["all of its params", wanting({ username: "Bob", instance_id: "7" }), true],
    ["one param too many", wanting({ instance_id: "7", db_type: "mysql" }), false],
    ["another value", wanting({ instance_id: "70" }), false],
    ["another case", wanting({ username: "bob" }), false],
    ["another case where case is known", wanting({ username: "BOB" }, "s2"), false],
    ["a name that objects have", wanting({ constructor: "x" }), false],
    ["the name of a param", { _tag: "Matching", paramNamed: "username" }, true],
    ["a name it lacks", { _tag: "Matching", paramNamed: "toString" }, false],
  ] as const)("judges by %s", (_, selection, covers) => {
    expect(selects(selection, bob)).toBe(covers);
  });

  test("finds lower-case params of a caseless space by any case, and others as they are", () => {
    const lower = { ...bob, params: { instance_id: "7", username: "bob" } };

    expect(selects(wanting({ username: "BoB" }, "s1"), lower)).toBe(true);
    expect(selects(wanting({ username: "BoB" }), lower)).toBe(false);
    expect(selects(wanting({ username: "Bob" }, "s1"), bob)).toBe(true);
  });

  test("compares composed text", () => {
    const composed = { ...bob, params: { username: "Jos\u00e9" } };

    expect(selects(wanting({ username: "Jose\u0301" }), composed)).toBe(true);
    expect(selects(wanting({ username: "Jose" }), composed)).toBe(false);
  });
});

describe("mightSelect()", () => {
  test("says yes where only params could tell, and no where the rest tells", () => {
    const params = wantedParams({ username: "Bob" });

    expect(mightSelect({ _tag: "Matching", params }, id)).toBe(true);
    expect(mightSelect({ _tag: "Matching", params, spaces: ["s1"] }, id)).toBe(true);
    expect(mightSelect({ _tag: "Matching", params, spaces: ["s2"] }, id)).toBe(false);
    expect(mightSelect({ _tag: "Matching", params, prefix: "/b" }, id)).toBe(false);
  });
});

describe("keyHash()", () => {
  test("is of 32 bytes, and other for another space or key", () => {
    const ids = [
      id,
      { space: "s1", key: "/b" },
      { space: "s2", key: "/a" },
      { space: "s", key: "1\0/a" },
      { space: "s1/a", key: "" },
    ];

    const hashes = ids.map((one) => Buffer.from(keyHash(one)).toString("hex"));

    expect(hashes.map(({ length }) => length)).toEqual([64, 64, 64, 64, 64]);
    expect(new Set(hashes).size).toBe(ids.length);
  });
});

describe("newsName()", () => {
  test("is short, of one word, and follows the hash", () => {
    expect(newsName(id)).toMatch(/^[\w-]{16}$/);
    expect(newsName(id)).not.toBe(newsName({ ...id, key: "/b" }));
  });
});
