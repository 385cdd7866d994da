import { describe, expect, test } from "bun:test";
import { isNullValue } from "../../../src/domain/gateway/null-value.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

describe("isNullValue()", () => {
  test.each([
    "",
    " ",
    "\r\n",
    "null",
    " null\n",
    "[]",
    "[ ]",
    "{}",
    "\t{\n}\n",
    "\uFEFF[]",
  ])("%j says nothing", (text) => {
    expect(isNullValue(bytes(text))).toBe(true);
  });

  test.each([
    "0",
    '""',
    "false",
    "[null]",
    "[[]]",
    "{}{}",
    "nullnull",
    "NULL",
    "x",
    "[",
    "{]",
  ])("%j says something", (text) => {
    expect(isNullValue(bytes(text))).toBe(false);
  });

  test("looks no further than a kilobyte", () => {
    expect(isNullValue(bytes(" ".repeat(1_024)))).toBe(true);
    expect(isNullValue(bytes(" ".repeat(1_025)))).toBe(false);
  });
});
