import { expect, test } from "bun:test";
import { seesAllSources, seesSource } from "../../../src/domain/access/caller.ts";

test("who is not restricted sees every source", () => {
  expect(seesSource({ sources: undefined }, "news")).toBe(true);
  expect(seesAllSources({ sources: undefined })).toBe(true);
});

test("who is restricted sees their sources, and is refused what is about all", () => {
  const restricted = { sources: ["weather"] };

  expect(seesSource(restricted, "weather")).toBe(true);
  expect(seesSource(restricted, "news")).toBe(false);
  expect(seesSource({ sources: [] }, "weather")).toBe(false);
  expect(seesAllSources(restricted)).toBe(false);
  expect(seesAllSources({ sources: [] })).toBe(false);
});
