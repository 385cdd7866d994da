import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Effect, Result } from "effect";
import { type Trier, trierHash } from "../../../src/domain/access/login-throttle.ts";
import { LoginThrottle } from "../../../src/services/access/login-throttle.ts";
import { Sweeping } from "../../../src/services/sweeping.ts";
import { atOnce, type TestStore, testStore } from "./test-store.ts";

/** Two processes on one database. */
let store: TestStore;
let other: TestStore;

beforeAll(async () => {
  store = await testStore();
  other = await testStore({ address: store.address });
});
afterAll(async () => {
  await other[Symbol.asyncDispose]();
  await store[Symbol.asyncDispose]();
});

let count = 0;
const newTrier = (): Trier => ({ username: `user-${++count}`, address: "192.0.2.1" });

/** 0 where the try was let through, else the seconds to wait. */
const tried = (at: TestStore, trier: Trier) =>
  at.run(
    LoginThrottle.use(({ admit }) => Effect.result(admit(trier))).pipe(
      Effect.map((admitted) =>
        Result.isSuccess(admitted)
          ? 0
          : admitted.failure._tag === "TooManyLogins"
            ? admitted.failure.retryAfterSeconds
            : Number.NaN,
      ),
    ),
  );

/** As if the last try had been made `millis` earlier. */
const age = (trier: Trier, millis: number) => store.sql`
  update login_attempts set window_began_at = window_began_at - ${millis}
  where hash = ${trierHash(trier)}`;

const tenTries = async (trier: Trier) => {
  for (let index = 0; index < 10; index++) expect(await tried(store, trier)).toBe(0);
};

describe("LoginThrottle.admit()", () => {
  test("lets ten tries of 40 at once through, on two processes", async () => {
    for (let trial = 0; trial < 10; trial++) {
      const trier = newTrier();

      const waits = await atOnce(40, (index) => tried(index % 2 ? store : other, trier));

      expect(waits.filter((wait) => wait === 0)).toHaveLength(10);
      for (const wait of waits) expect(wait).toBeWithin(0, 61);
    }
  });

  test("says how long to wait, and lets nobody through a moment earlier", async () => {
    const trier = newTrier();
    await tenTries(trier);
    await age(trier, 50_000);

    expect(await tried(other, trier)).toBeWithin(9, 11);
    await age(trier, 10_000);
    expect(await tried(other, trier)).toBe(0);
  });

  test("counts no try that it refused", async () => {
    const trier = newTrier();
    await tenTries(trier);
    await age(trier, 59_000);
    expect(await tried(store, trier)).toBe(1);
    expect(await tried(store, trier)).toBe(1);

    await age(trier, 1_000);
    await tenTries(trier);
    expect(await tried(store, trier)).toBeGreaterThan(50);
  });

  test("has no minute with more than ten, wherever it begins", async () => {
    const trier = newTrier();
    for (let index = 0; index < 9; index++) await tried(store, trier);
    await age(trier, 59_000);
    expect(await tried(store, trier)).toBe(0);

    expect(await tried(store, trier)).toBeGreaterThan(50);
  });

  test("keeps names and addresses apart", async () => {
    const trier = newTrier();
    await tenTries(trier);

    expect(await tried(store, trier)).toBeGreaterThan(0);
    expect(await tried(store, { ...trier, address: "192.0.2.2" })).toBe(0);
    expect(await tried(store, { ...trier, username: "else" })).toBe(0);
  });
});

describe("LoginThrottle.forget()", () => {
  test("begins anew", async () => {
    const trier = newTrier();
    await tenTries(trier);

    await other.run(LoginThrottle.use(({ forget }) => forget(trier)));

    await tenTries(trier);
  });
});

describe("Sweeping.sweep()", () => {
  test("removes tries that no longer count, and no others", async () => {
    const [old, young] = [newTrier(), newTrier()];
    await tried(store, old);
    await tried(store, young);
    await age(old, 60_000);

    await store.run(Sweeping.use(({ sweep }) => sweep));

    const kept = await store.sql<{ hash: Uint8Array }[]>`select hash from login_attempts`;
    const hashes = kept.map(({ hash }) => Buffer.from(hash).toString("hex"));
    expect(hashes).toContain(Buffer.from(trierHash(young)).toString("hex"));
    expect(hashes).not.toContain(Buffer.from(trierHash(old)).toString("hex"));
  });
});
