import { describe, expect, test } from "bun:test";
import {
  accepted,
  cooledDown,
  NO_COOLDOWN,
  refusedBy,
} from "../../../src/domain/quota/cooldown.ts";

const DAY = 86_400_000;

describe("cooledDown()", () => {
  test("is false until the pause ends, and true at that instant", () => {
    const cooldown = { until: 30_000, streak: 1 };

    expect(cooledDown(NO_COOLDOWN, 0)).toBe(true);
    expect(cooledDown(cooldown, 29_999)).toBe(false);
    expect(cooledDown(cooldown, 30_000)).toBe(true);
  });
});

describe("refusedBy()", () => {
  test("doubles from 30 seconds to 10 minutes while no instant is named", () => {
    let cooldown = NO_COOLDOWN;
    const pauses: number[] = [];
    for (let now = 0; pauses.length < 7; now = cooldown.until ?? now) {
      cooldown = refusedBy(cooldown, now, undefined);
      pauses.push(((cooldown.until ?? 0) - now) / 1_000);
    }

    expect(pauses).toEqual([30, 60, 120, 240, 480, 600, 600]);
  });

  test("stays at 10 minutes after ever so many refusals", () => {
    expect(refusedBy({ until: 0, streak: 5_000 }, 0, undefined).until).toBe(600_000);
  });

  test("doubles nothing for the refusals of calls that were under way", () => {
    const first = refusedBy(NO_COOLDOWN, 0, undefined);

    expect(refusedBy(first, 29_999, undefined)).toEqual(first);
    expect(refusedBy(first, 30_000, undefined)).toEqual({ until: 90_000, streak: 2 });
  });

  test.each([
    ["believes an instant", 45_000, 45_000],
    ["pauses a second where it has passed", -5, 1_000],
    ["pauses a second where it is at once", 0, 1_000],
    ["never pauses more than 24 hours", 2 * DAY, DAY],
  ])("%s", (_, notBefore, until) => {
    expect(refusedBy(NO_COOLDOWN, 0, notBefore)).toEqual({ until, streak: 0 });
  });

  test("lets the later of two pauses win", () => {
    const running = refusedBy(NO_COOLDOWN, 0, 60_000);

    expect(refusedBy(running, 1_000, 5_000).until).toBe(60_000);
    expect(refusedBy(running, 1_000, 90_000).until).toBe(90_000);
    expect(refusedBy(running, 60_000, 65_000).until).toBe(65_000);
  });

  test("is never over 24 hours ahead on a clock that stepped back", () => {
    expect(refusedBy({ until: 3 * DAY, streak: 0 }, DAY, 0).until).toBe(2 * DAY);
  });
});

describe("accepted()", () => {
  test("breaks the row and leaves a running pause", () => {
    const cooldown = refusedBy(NO_COOLDOWN, 0, undefined);

    expect(accepted(cooldown)).toEqual({ until: 30_000, streak: 0 });
    expect(accepted(NO_COOLDOWN)).toBe(NO_COOLDOWN);
  });
});
