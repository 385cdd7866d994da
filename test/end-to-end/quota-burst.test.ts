import { beforeAll, describe, expect, test } from "bun:test";
import postgres from "postgres";
import { toPostgresOptions } from "../../src/adapters/postgres/address.ts";
import { sharedDatabase } from "./places.ts";
import { type BurstResult, runBurst } from "./quota-burst.ts";

const burst = {
  rateLimit: { per_minute: 6_000, per_second: 10 },
  allowed: 10,
  windowMillis: 1_000,
  slackMillis: 50,
  keys: 500,
  seconds: 10.5,
};

describe("500 keys read at once through two APIs, four processes collecting", () => {
  let result: BurstResult | undefined;

  beforeAll(async () => {
    await using place = await sharedDatabase();
    const url = place.environment["DATABASE_URL"] ?? "";
    const connect = () => postgres(toPostgresOptions({ url }));
    result = await runBurst(place.environment, connect, burst);
  }, 120_000);

  test("are queued, and called once at most", () => {
    expect(result).toMatchObject({ queued: burst.keys, repeated: 0 });
  });

  test("are never called more often than allowed in any second", () => {
    expect(result?.mostInWindow).toBeGreaterThan(0);
    expect(result?.mostInWindow).toBeLessThanOrEqual(burst.allowed);
  });

  test("are called in the order of the queue", () => {
    expect(result?.orderViolations).toBe(0);
  });

  test("use nine tenths of what is allowed in the usual second", () => {
    expect(result?.used).toBeGreaterThanOrEqual(0.9);
  });
});
