import { describe, expect, test } from "bun:test";
import { passwordFault } from "../../../src/domain/access/password.ts";

describe("passwordFault()", () => {
  test.each([
    ["x".repeat(12), true],
    ["x".repeat(11), false],
    ["é".repeat(12), true],
    // Twelve marks, six letters.
    ["\u0065\u0301".repeat(6), false],
    ["x".repeat(1_024), true],
    ["x".repeat(1_025), false],
    ["é".repeat(512), true],
    ["é".repeat(513), false],
    ["password with \u0000 in it", true],
    [`${"x".repeat(12)}\ud800`, false],
  ])("finds nothing wrong with %j: %p", (password, isGood) => {
    expect(passwordFault(password, "mia") === undefined).toBe(isGood);
  });

  test("refuses the username, in both spellings of an accented letter", () => {
    expect(passwordFault("Ren\u00e9 Descartes", "Ren\u0065\u0301 Descartes")).toBe(
      "Must not be the username",
    );
  });
});
