import { describe, expect, test } from "bun:test";
import { keyHash, newsName } from "../../../src/domain/entry/entry.ts";
import { selects } from "../../../src/domain/entry/purge.ts";

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
    expect(selects(selection, id)).toBe(covers);
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
