import { describe, expect, test } from "bun:test";
import { waitSeconds } from "../../src/http/prefer.ts";

describe("waitSeconds()", () => {
  test.each([
    [undefined, 10],
    ["", 10],
    ["respond-async", 10],
    ["wait=1", 1],
    ["wait=60", 60],
    ["WAIT = 7", 7],
    ['wait="7"', 7],
    ["wait=7; strict", 7],
    ["respond-async, wait=5", 5],
    ["wait=5, wait=9", 5],
    ["wait=0", 1],
    ["wait=61", 60],
    ["wait=999999999", 60],
    ["wait=-5", 10],
    ["wait=1.5", 10],
    ["wait=abc", 10],
    ["wait", 10],
    ["waiting=5", 10],
    ["wait=9999999999", 10],
    ['other="a, wait=5"', 10],
    ['other="a\\", wait=5", wait=7', 7],
  ])("of %p is %d", (prefer, seconds) => {
    expect(waitSeconds(prefer)).toBe(seconds);
  });
});
