import { describe, expect, test } from "bun:test";
import {
  entityTagOf,
  parseTagList,
  tagMatches,
} from "../../../src/domain/entry/entity-tag.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

describe("entityTagOf()", () => {
  test("is weak, equal for equal bodies, other for others", () => {
    expect(entityTagOf(bytes("a"))).toMatch(/^W\/"[\w-]{22}"$/);
    expect(entityTagOf(bytes("a"))).toBe(entityTagOf(bytes("a")));
    expect(entityTagOf(bytes("a"))).not.toBe(entityTagOf(bytes("b")));
    expect(entityTagOf(bytes(""))).not.toBe(entityTagOf(bytes("\0")));
  });
});

describe("parseTagList()", () => {
  test.each<[string, ReturnType<typeof parseTagList>]>([
    ["*", "*"],
    [" * ", "*"],
    ['"a"', ["a"]],
    ['W/"a"', ["a"]],
    ['"a","b", W/"c"', ["a", "b", "c"]],
    ['""', [""]],
    ['"a,b"', ["a,b"]],
    ['"a*", "*"', ["a*", "*"]],
    ["", []],
    ["a, b", []],
    ['"a b"', []],
    ['"unfinished', []],
    ['junk "a" junk', ["a"]],
  ])("reads %p", (text, list) => {
    expect(parseTagList(text)).toEqual(list);
  });
});

describe("tagMatches()", () => {
  test.each([
    ["*", 'W/"a"', true],
    ['"a"', 'W/"a"', true],
    ['W/"a"', '"a"', true],
    ['"b", "a"', 'W/"a"', true],
    ['"A"', 'W/"a"', false],
    ['"*"', 'W/"a"', false],
    ["", 'W/"a"', false],
    ['""', 'W/""', true],
  ])("compares weakly: %p and %p", (text, tag, matches) => {
    expect(tagMatches(parseTagList(text), tag)).toBe(matches);
  });
});
