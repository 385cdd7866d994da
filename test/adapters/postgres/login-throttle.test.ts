import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Effect, Result } from "effect";
import {
  nameHash,
  networkHash,
  type Trier,
} from "../../../src/domain/access/login-throttle.ts";
import { parseAddress } from "../../../src/domain/source/ip-address.ts";
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
/** A new name, from a network of its own. */
const newTrier = (): Trier => {
  count++;
  return { username: `user-${count}`, address: parseAddress(`192.0.2.${count}`) };
};
const from = (address: string, username: string): Trier => ({
  username,
  address: parseAddress(address),
});

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

/** As if all tries had been made `millis` earlier. */
const age = (trier: Trier, millis: number) => store.sql`
  update login_attempts set ends_at = ends_at - ${millis},
    tried_at = array(select at - ${millis} from unnest(tried_at) at order by at)
  where hash in (${nameHash(trier)}, ${networkHash(trier)})`;

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
    const startedAt = performance.now();
    await tenTries(trier);
    await age(trier, 40_000);

    const wait = await tried(other, trier);
    const passed = Math.ceil((performance.now() - startedAt) / 1_000);
    expect(wait).toBeWithin(20 - passed, 21);
    await age(trier, 20_000);
    expect(await tried(other, trier)).toBe(0);
  });

  test("counts no try that it refused", async () => {
    const trier = newTrier();
    await tenTries(trier);
    await age(trier, 40_000);
    expect(await tried(store, trier)).toBeWithin(1, 21);
    expect(await tried(store, trier)).toBeWithin(1, 21);

    await age(trier, 20_000);
    await tenTries(trier);
    expect(await tried(store, trier)).toBeGreaterThan(50);
  });

  test("has no minute with more than ten, wherever it begins", async () => {
    const trier = newTrier();
    for (let index = 0; index < 9; index++) await tried(store, trier);
    await age(trier, 45_000);
    expect(await tried(store, trier)).toBe(0);

    // The nine cease to count soon; the tenth does for a minute.
    expect(await tried(store, trier)).toBeWithin(1, 16);
    await age(trier, 15_000);
    for (let index = 0; index < 9; index++) expect(await tried(store, trier)).toBe(0);
    expect(await tried(store, trier)).toBeWithin(30, 46);
  });

  test("refuses none of many that are spread out", async () => {
    const trier = newTrier();
    for (let index = 0; index < 30; index++) {
      expect(await tried(index % 2 ? store : other, trier)).toBe(0);
      await age(trier, 7_000);
    }
  });

  test("keeps names and networks apart", async () => {
    const trier = from("198.51.100.1", "mia");
    await tenTries(trier);

    expect(await tried(store, trier)).toBeGreaterThan(0);
    expect(await tried(store, from("198.51.100.2", "mia"))).toBe(0);
    expect(await tried(store, from("198.51.100.1", "else"))).toBe(0);
  });

  test("takes all addresses of one IPv6 network for one", async () => {
    for (let index = 0; index < 10; index++) {
      expect(await tried(store, from(`2001:db8::${index}:1`, "mia"))).toBe(0);
    }

    expect(await tried(other, from("2001:db8::ffff", "mia"))).toBeGreaterThan(50);
    expect(await tried(other, from("2001:db8:0:1::", "mia"))).toBe(0);
  });

  test("lets a hundred tries of one network through in a quarter of an hour, whatever the names", async () => {
    const spray = (index: number) => from("203.0.113.1", `sprayed-${index}`);

    const waits = await atOnce(120, (index) =>
      tried(index % 2 ? store : other, spray(index)),
    );

    expect(waits.filter((wait) => wait === 0)).toHaveLength(100);
    for (const wait of waits) expect(wait).toBeWithin(0, 901);
    expect(await tried(store, spray(1_000))).toBeGreaterThan(880);
    expect(await tried(store, from("203.0.113.2", "sprayed-1000"))).toBe(0);
    await age(spray(0), 900_000);
    expect(await tried(store, spray(1_000))).toBe(0);
  });

  test("counts no try of a name that the network was refused, nor the other way round", async () => {
    const mia = from("203.0.113.3", "mia");
    await tenTries(mia);
    for (let index = 0; index < 200; index++) await tried(store, mia);

    expect(await tried(store, from("203.0.113.3", "leo"))).toBe(0);
  });
});

describe("LoginThrottle.forget()", () => {
  const forgotten = (trier: Trier) =>
    other.run(LoginThrottle.use(({ forget }) => forget(trier)));

  test("begins anew with the name", async () => {
    const trier = newTrier();
    await tenTries(trier);

    await forgotten(trier);

    await tenTries(trier);
  });

  test("takes back one try of the network, and leaves those of other names", async () => {
    const spray = (index: number) => from("203.0.113.4", `sprayed-${index}`);
    for (let index = 0; index < 100; index++) await tried(store, spray(index));
    expect(await tried(store, spray(100))).toBeGreaterThan(0);

    await forgotten(spray(99));

    expect(await tried(store, spray(100))).toBe(0);
    expect(await tried(store, spray(101))).toBeGreaterThan(0);
  });

  test("does no harm where there is nothing to forget", async () => {
    const trier = newTrier();
    await forgotten(trier);
    await tried(store, trier);
    await forgotten(trier);
    await forgotten(trier);

    await tenTries(trier);
  });
});

describe("Sweeping.sweep()", () => {
  test("removes tries that no longer count, and no others", async () => {
    const [old, young] = [newTrier(), newTrier()];
    await tried(store, old);
    await tried(store, young);
    await age(old, 900_000);

    await store.run(Sweeping.use(({ sweep }) => sweep));

    const kept = await store.sql<{ hash: Uint8Array }[]>`select hash from login_attempts`;
    const hashes = kept.map(({ hash }) => Buffer.from(hash).toString("hex"));
    expect(hashes).toContain(Buffer.from(nameHash(young)).toString("hex"));
    expect(hashes).not.toContain(Buffer.from(nameHash(old)).toString("hex"));
  });
});
