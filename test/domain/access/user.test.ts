import { describe, expect, test } from "bun:test";
import {
  endsSessions,
  leavesNoAdmin,
  type User,
  usernameFrom,
} from "../../../src/domain/access/user.ts";

describe("usernameFrom()", () => {
  test.each([
    ["mia", "mia"],
    ["Mia", "Mia"],
    ["m", "m"],
    ["李 雷", "李 雷"],
    ["Ren\u0065\u0301", "Ren\u00e9"],
    ["😀".repeat(64), "😀".repeat(64)],
    ["😀".repeat(65), undefined],
    ["", undefined],
    [" ", undefined],
    [" mia", undefined],
    ["mia\u00a0", undefined],
    ["mi\u0000a", undefined],
    ["mi\na", undefined],
    ["mi\u0085a", undefined],
    ["\ud800", undefined],
  ])("of %p is %p", (text, expected) => {
    expect(usernameFrom(text)).toBe(expected as never);
  });
});

const admin: User = {
  id: 1,
  username: "admin",
  role: "admin",
  isActive: true,
  createdAt: 0,
  updatedAt: undefined,
};

describe("leavesNoAdmin()", () => {
  test.each([
    ["delete" as const, true],
    [{ role: "user" as const }, true],
    [{ isActive: false }, true],
    [{ role: "admin" as const, isActive: true }, false],
    [{ passwordHash: "x" }, false],
    [{}, false],
  ])("where the only active admin is to be %j: %p", (change, expected) => {
    expect(leavesNoAdmin([1], admin, change)).toBe(expected);
    expect(leavesNoAdmin([1, 2], admin, change)).toBe(false);
  });

  test("lets a user go who is no active admin, even where there is none at all", () => {
    const inactive = { ...admin, isActive: false };

    expect(leavesNoAdmin([2], inactive, "delete")).toBe(false);
    expect(leavesNoAdmin([], inactive, "delete")).toBe(false);
  });
});

describe("endsSessions()", () => {
  test.each([
    [{ passwordHash: "x" }, true],
    [{ isActive: false }, true],
    [{ isActive: true }, false],
    [{ role: "guest" as const }, false],
    [{}, false],
  ])("with %j: %p", (change, expected) => {
    expect(endsSessions(change)).toBe(expected);
  });
});
