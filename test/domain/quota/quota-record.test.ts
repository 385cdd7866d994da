import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { decodeQuota, encodeQuota } from "../../../src/domain/quota/quota-record.ts";
import { emptyQuota, startCalls } from "../../../src/domain/quota/quota.ts";

const limit = { perMinute: 5 };
const unused = emptyQuota(limit, 7);

describe("encodeQuota()", () => {
  test("writes slots as gaps", () => {
    const state = startCalls(limit, emptyQuota(limit, 0), 0, 2).state;
    const later = startCalls(limit, state, 1_000, 1).state;

    expect(encodeQuota(later)).toBe(
      "[1,1000,0,125000,[0,2,200,1],[0,2,4,1],[0,3],[0,3],[0,3]]",
    );
  });
});

describe("decodeQuota()", () => {
  test("gives back what encodeQuota() took", () => {
    const steps = fc.array(fc.tuple(fc.nat(100_000), fc.nat(9)), { maxLength: 50 });
    fc.assert(
      fc.property(fc.nat(2 ** 41), steps, (start, steps) => {
        const limit = { perMinute: 1_000 };
        let state = emptyQuota(limit, start);
        let now = start;
        for (const [wait, wanted] of steps) {
          now += wait % 7 === 0 ? -wait : wait;
          state = startCalls(limit, state, now, wanted).state;
        }

        expect(decodeQuota(encodeQuota(state))).toEqual(state);
      }),
      { numRuns: 100 },
    );
  });

  test.each([
    "",
    "nonsense",
    "null",
    "{}",
    "[]",
    "[1,0,0,0]",
    "[2,7,0,300000,[],[],[],[],[]]",
    "[1,7.5,0,300000,[],[],[],[],[]]",
    "[1,7,-1,300000,[],[],[],[],[]]",
    "[1,7,0,-1,[],[],[],[],[]]",
    '[1,7,0,"300000",[],[],[],[],[]]',
    "[1,7,0,300000,[],[],[],[]]",
    "[1,7,0,300000,[],[],[],[],[],[]]",
    "[1,7,0,300000,[],[],[],[],[1]]",
    "[1,7,0,300000,[],[],[],[],[1,0]]",
    "[1,7,0,300000,[],[],[],[],[1,1,0,1]]",
    '[1,7,0,300000,[],[],[],[],["1",1]]',
    "[1,7,0,300000,[],[],[],[],null]",
  ])("refuses %p", (text) => {
    expect(decodeQuota("[1,7,0,300000,[],[],[],[],[]]")).toEqual(unused);
    expect(decodeQuota(text)).toBeUndefined();
  });

  test("never throws", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(decodeQuota(text)).toBeUndefined();
      }),
      { numRuns: 200 },
    );
  });
});
