import { describe, expect, test } from "bun:test";
import {
  preSessionText,
  readPreSession,
} from "../../../src/domain/access/pre-session.ts";
import { isSessionValue } from "../../../src/domain/access/session.ts";

const HOUR = 3_600_000;
const tag = "t".repeat(43);

describe("readPreSession()", () => {
  test("gives back the parts of what was made, good for an hour", () => {
    for (const now of [1_000_000_000_000, 1_800_000_000_000, 9_000_000_000_000]) {
      const text = preSessionText(now, new Uint8Array(16).fill(9));

      expect(readPreSession(`pre.${text}.${tag}`)).toEqual({
        text,
        until: now + HOUR,
        tag,
      });
      expect(isSessionValue(`pre.${text}.${tag}`)).toBe(false);
    }
  });

  test("finds none in anything else", () => {
    const text = preSessionText(1_800_000_000_000, new Uint8Array(16));

    for (const other of [
      "",
      "pre",
      `pre.${text}`,
      `${text}.${tag}`,
      `pre.${text}.${tag}x`,
    ]) {
      expect([other, readPreSession(other)]).toEqual([other, undefined]);
    }
    expect(readPreSession(`pre.-1.${text.split(".")[1]}.${tag}`)).toBeUndefined();
  });
});
