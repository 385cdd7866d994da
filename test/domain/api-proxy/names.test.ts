import { describe, expect, test } from "bun:test";
import { nameFault } from "../../../src/domain/api-proxy/names.ts";

describe("nameFault()", () => {
  test.each([
    "a",
    "MyProject",
    "My API",
    "ürün",
    "a.b",
    "...",
    "x".repeat(100),
    "💧".repeat(100),
  ])("lets %s be a name", (name) => {
    expect(nameFault(name)).toBeUndefined();
  });

  test.each([
    ["", "must have 1 to 100 characters"],
    ["x".repeat(101), "must have 1 to 100 characters"],
    ["a/b", "must not have / or \\"],
    ["a\\b", "must not have / or \\"],
    ["a\nb", "must be Unicode text without control characters"],
    ["a\0", "must be Unicode text without control characters"],
    ["\ud800", "must be Unicode text without control characters"],
    [" a", "must not begin or end with a space"],
    [".", "must not be . or .."],
    ["..", "must not be . or .."],
  ])("refuses %j", (name, reason) => {
    expect(nameFault(name)).toBe(reason);
  });
});
