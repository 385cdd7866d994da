import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  judgeTry,
  nameHash,
  networkHash,
  type Trier,
} from "../../../src/domain/access/login-throttle.ts";
import { parseAddress } from "../../../src/domain/source/ip-address.ts";

const THREE = { most: 3, millis: 1_000 };

describe("judgeTry()", () => {
  test.each([
    ["the first", [], 5, [5]],
    ["the last that may be", [1, 2], 5, [1, 2, 5]],
    ["one when the oldest has just ceased to count", [0, 1, 2], 1_000, [1, 2, 1_000]],
    ["one long after", [0, 1, 2], 9_000, [9_000]],
    ["one after a clock was set back", [9_000, 9_001], 5, [5, 5, 5]],
  ])("admits %s", (_, triedAt, now, expected) => {
    expect(judgeTry(triedAt, THREE, now)).toEqual({
      _tag: "Admitted",
      triedAt: expected,
    });
  });

  test.each([
    ["one too many at once", [5, 5, 5], 5, 1_005],
    ["one a moment too early", [0, 1, 2], 999, 1_000],
    [
      "one after a clock was set back, for a window at most",
      [9_000, 9_000, 9_001],
      5,
      1_005,
    ],
  ])("refuses %s", (_, triedAt, now, retryAt) => {
    expect(judgeTry(triedAt, THREE, now)).toEqual({ _tag: "Refused", retryAt });
  });

  test("never refuses tries that are spread out, however many there are", () => {
    let triedAt: readonly number[] = [];
    for (let now = 0; now < 100_000; now += 400) {
      const verdict = judgeTry(triedAt, THREE, now);
      expect(verdict._tag).toBe("Admitted");
      if (verdict._tag === "Admitted") triedAt = verdict.triedAt;
    }
    expect(triedAt.length).toBeLessThanOrEqual(3);
  });

  test("has no window with more than it may, and admits as soon as it said", () => {
    const pauses = fc.array(fc.integer({ min: 0, max: 700 }), { maxLength: 60 });
    fc.assert(
      fc.property(pauses, (between) => {
        const admitted: number[] = [];
        let triedAt: readonly number[] = [];
        let now = 0;
        for (const pause of between) {
          now += pause;
          const verdict = judgeTry(triedAt, THREE, now);
          if (verdict._tag === "Admitted") {
            triedAt = verdict.triedAt;
            admitted.push(now);
            continue;
          }
          expect(verdict.retryAt).toBeGreaterThan(now);
          expect(judgeTry(triedAt, THREE, verdict.retryAt - 1)._tag).toBe("Refused");
          expect(judgeTry(triedAt, THREE, verdict.retryAt)._tag).toBe("Admitted");
        }
        for (const from of admitted) {
          const inWindow = admitted.filter((at) => at >= from && at < from + 1_000);
          expect(inWindow.length).toBeLessThanOrEqual(3);
        }
      }),
    );
  });
});

const trier = (username: string, address: string): Trier => ({
  username,
  address: parseAddress(address),
});
const hex = (hash: Uint8Array) => Buffer.from(hash).toString("hex");

describe("nameHash()", () => {
  test("tells apart whatever name or network differs", () => {
    const triers = [
      trier("mia", "192.0.2.1"),
      trier("mia", "192.0.2.2"),
      trier("mia", "nowhere"),
      trier("Mia", "192.0.2.1"),
      trier("mia", "2001:db8::1"),
      trier("mia", "2001:db8:0:1::1"),
      trier('mia","192.0.2.1', "nowhere"),
    ];
    const hashes = triers.map((one) => hex(nameHash(one)));

    expect(new Set(hashes).size).toBe(triers.length);
    expect(hashes[0]).toHaveLength(64);
  });

  test("is one for all addresses of an IPv6 network, and for both spellings of an IPv4 one", () => {
    const same = (a: string, b: string) =>
      hex(nameHash(trier("mia", a))) === hex(nameHash(trier("mia", b)));

    expect(same("2001:db8::1", "2001:db8::ffff:0:0:2")).toBe(true);
    expect(same("192.0.2.1", "::ffff:192.0.2.1")).toBe(true);
  });
});

describe("networkHash()", () => {
  test("is one for all names, and that of no name", () => {
    const one = hex(networkHash(trier("mia", "192.0.2.1")));

    expect(hex(networkHash(trier("leo", "192.0.2.1")))).toBe(one);
    expect(hex(networkHash(trier("mia", "192.0.2.2")))).not.toBe(one);
    expect(hex(nameHash(trier("mia", "192.0.2.1")))).not.toBe(one);
  });
});
