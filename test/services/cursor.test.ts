import { describe, expect, test } from "bun:test";
import { Effect, Result } from "effect";
import fc from "fast-check";
import * as SignerLayer from "../../src/adapters/secrets/signer.ts";
import type { Signer } from "../../src/services/access/signer.ts";
import { cursorAfter, lastBefore, type List } from "../../src/services/access/cursor.ts";

const layer = SignerLayer.layer(new Uint8Array(32).fill(1));
const run = <A, E>(effect: Effect.Effect<A, E, Signer>) =>
  Effect.runSync(Effect.result(Effect.provide(effect, layer)));

const list: List = ["entries", "s1", "/a"];
const made = (last: string, of: List = list) =>
  Result.getOrThrow(run(cursorAfter(of, last))) ?? "";
const opened = (cursor: string | undefined, of: List = list) => {
  const result = run(lastBefore(of, cursor));
  return Result.isSuccess(result) ? result.success : result.failure;
};
const refused = expect.objectContaining({
  _tag: "Invalid",
  problems: [{ field: "cursor", message: "Not a cursor that this list gave" }],
});

describe("lastBefore()", () => {
  test("gives back what the page ended with", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (last) => {
        expect(opened(made(last))).toBe(last);
      }),
    );
  });

  test("without a cursor begins at the beginning, and the last page has none", () => {
    expect(opened(undefined)).toBeUndefined();
    expect(run(cursorAfter(list, undefined))).toEqual(Result.succeed(null));
  });

  test("refuses a cursor of another list, space or filter", () => {
    const cursor = made("/abc");

    for (const other of [
      ["tasks", "s1", "/a"],
      ["entries", "s2", "/a"],
      ["entries", "s1", "/ab"],
      ["entries", "s1", null],
      ["entries", "s1"],
      ["entries", 's1","/a'],
    ] as const) {
      expect(opened(cursor, other)).toEqual(refused);
    }
  });

  test("refuses one of which any character was changed, added or removed", () => {
    const cursor = made("/abcd");

    for (let at = 0; at < cursor.length; at++) {
      const other = cursor[at] === "A" ? "B" : "A";
      const changed = `${cursor.slice(0, at)}${other}${cursor.slice(at + 1)}`;
      const shorter = `${cursor.slice(0, at)}${cursor.slice(at + 1)}`;
      const longer = `${cursor.slice(0, at)}=${cursor.slice(at)}`;
      for (const wrong of [changed, shorter, longer]) {
        expect([wrong, opened(wrong)]).toEqual([wrong, refused]);
      }
    }
  });

  test.each(["", ".", "..", "abc", "%ZZ", "null", "\0", "a.b.c"])(
    "refuses %j",
    (cursor) => {
      expect(opened(cursor)).toEqual(refused);
    },
  );
});
