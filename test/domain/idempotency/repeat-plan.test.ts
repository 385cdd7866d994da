import { describe, expect, test } from "bun:test";
import {
  type FirstRequest,
  KEPT_MILLIS,
  planRepeat,
  RUN_LEASE_MILLIS,
} from "../../../src/domain/idempotency/repeat-plan.ts";

const mine = new Uint8Array(32).fill(1);
const another = new Uint8Array(32).fill(2);
const answer = { status: 201, headers: [], body: new Uint8Array([7]) };

/** Begun at 0. */
const running: FirstRequest = {
  fingerprint: mine,
  begunAt: 0,
  progress: { _tag: "Running", leaseUntil: RUN_LEASE_MILLIS },
};

const answered: FirstRequest = { ...running, progress: { _tag: "Answered", answer } };

describe("planRepeat()", () => {
  test("begins what nobody began", () => {
    expect(planRepeat(undefined, mine, 0)).toEqual({ _tag: "Begin" });
  });

  test("gives the first answer again until it is a day old, and not one millisecond longer", () => {
    expect(planRepeat(answered, mine, 0)).toEqual({ _tag: "Replay", answer });
    expect(planRepeat(answered, mine, KEPT_MILLIS - 1)).toEqual({
      _tag: "Replay",
      answer,
    });
    expect(planRepeat(answered, mine, KEPT_MILLIS)).toEqual({ _tag: "Begin" });
  });

  test("takes no other request under a name, running or answered, for a day", () => {
    for (const first of [running, answered]) {
      expect(planRepeat(first, another, 0)).toEqual({ _tag: "Mismatch" });
      expect(planRepeat(first, another, RUN_LEASE_MILLIS)).toEqual({ _tag: "Mismatch" });
      expect(planRepeat(first, another, KEPT_MILLIS - 1)).toEqual({ _tag: "Mismatch" });
      expect(planRepeat(first, another, KEPT_MILLIS)).toEqual({ _tag: "Begin" });
    }
  });

  test("begins anew what is still running when its lease is over", () => {
    const [before, after] = [RUN_LEASE_MILLIS - 1, RUN_LEASE_MILLIS];

    expect(planRepeat(running, mine, before)).toEqual({ _tag: "StillRunning" });
    expect(planRepeat(running, mine, after)).toEqual({ _tag: "Begin" });
  });

  test("leaves a running one alone on a clock that stepped back", () => {
    expect(planRepeat(running, mine, -60_000)).toEqual({ _tag: "StillRunning" });
  });
});
