import { describe, expect, test } from "bun:test";
import {
  isInForce,
  isSessionValue,
  isToBeNoted,
  type Session,
  sessionValueFrom,
} from "../../../src/domain/access/session.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** Opened at 0, for seven days, by an active user; last used at 0. */
const session: Session = {
  hash: new Uint8Array(32),
  createdAt: 0,
  seenAt: 0,
  endsAt: 7 * DAY,
  user: {
    id: 1,
    username: "mia",
    role: "user",
    isActive: true,
    createdAt: 0,
    updatedAt: undefined,
  },
};

describe("isInForce()", () => {
  test.each([
    [0, true],
    [12 * HOUR - 1, true],
    [12 * HOUR, false],
  ])("of a session that was last used at 0, at %p: %p", (now, expected) => {
    expect(isInForce(session, now)).toBe(expected);
  });

  test.each([
    [7 * DAY - 1, true],
    [7 * DAY, false],
  ])("of a session that is used all the time, at %p: %p", (now, expected) => {
    expect(isInForce({ ...session, seenAt: now }, now)).toBe(expected);
  });

  test("ends with its user's being active", () => {
    const user = { ...session.user, isActive: false };

    expect(isInForce({ ...session, user }, 1)).toBe(false);
  });
});

describe("isToBeNoted()", () => {
  test.each([
    [0, false],
    [59_999, false],
    [60_000, true],
  ])("at %p after the last note: %p", (now, expected) => {
    expect(isToBeNoted(session, now)).toBe(expected);
  });
});

describe("isSessionValue()", () => {
  test("knows a value that was made, and nothing longer, shorter or otherwise spelled", () => {
    const value = sessionValueFrom(new Uint8Array(32).fill(255));

    expect(isSessionValue(value)).toBe(true);
    for (const other of [
      "",
      value.slice(1),
      `${value}A`,
      `${value.slice(1)}.`,
      ` ${value}`,
    ]) {
      expect([other, isSessionValue(other)]).toEqual([other, false]);
    }
  });
});
