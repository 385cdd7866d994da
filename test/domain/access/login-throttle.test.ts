import { describe, expect, test } from "bun:test";
import {
  secondsUntilNewSeries,
  trierHash,
} from "../../../src/domain/access/login-throttle.ts";

describe("secondsUntilNewSeries()", () => {
  test.each([
    [0, 0, 60],
    [0, 1, 60],
    [0, 1_000, 59],
    [0, 59_999, 1],
    [0, 60_000, 1],
    [0, 90_000, 1],
  ])("after a last try at %p, at %p: %p", (lastTryAt, now, expected) => {
    expect(secondsUntilNewSeries(lastTryAt, now)).toBe(expected);
  });
});

describe("trierHash()", () => {
  test("tells apart whatever name or address differs", () => {
    const triers = [
      { username: "mia", address: "192.0.2.1" },
      { username: "mia", address: "192.0.2.2" },
      { username: "mia", address: undefined },
      { username: "Mia", address: "192.0.2.1" },
      { username: 'mia","192.0.2.1', address: "" },
    ];
    const hashes = triers.map((trier) => Buffer.from(trierHash(trier)).toString("hex"));

    expect(new Set(hashes).size).toBe(triers.length);
    expect(hashes[0]).toHaveLength(64);
  });
});
