import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Effect } from "effect";
import { budgetAt } from "../../../src/domain/quota/budget.ts";
import type { RateLimit } from "../../../src/domain/quota/rate-limit.ts";
import { CallQuota } from "../../../src/services/quota/call-quota.ts";
import { Transaction } from "../../../src/services/transaction.ts";
import { atOnce, type TestStore, testStore } from "./test-store.ts";

/** Five calls a minute, in any order. */
const five: RateLimit = { perMinute: 5 };

let store: TestStore;
let other: TestStore;

/** Two processes on one database. */
beforeAll(async () => {
  store = await testStore();
  other = await testStore({ address: store.address });
});
afterAll(async () => {
  await other[Symbol.asyncDispose]();
  await store[Symbol.asyncDispose]();
});

const newId = () => crypto.randomUUID();
const all = (free: number) => Effect.succeed(free);
const spend = (id: string, wanted: number, limit = five) =>
  CallQuota.use((quota) => quota.spend(id, limit, wanted, all));
const remaining = async (id: string, limit = five) => {
  const records = await store.run(CallQuota.use((quota) => quota.look([id])));
  return budgetAt(limit, records.get(id), await now()).remaining;
};
const now = async () => {
  const [row] = await store.sql<{ now: number }[]>`select uc_now() as now`;
  return row?.now ?? 0;
};

describe("CallQuota.spend()", () => {
  test("grants fifty takers of two processes exactly the calls that are free", async () => {
    const id = newId();

    const spent = await atOnce(50, (index) =>
      (index % 2 === 0 ? store : other).run(spend(id, 1)),
    );

    expect(spent.filter(({ used }) => used === 1)).toHaveLength(5);
    for (const { used, retryAt, ticket } of spent) {
      expect(ticket === undefined).toBe(used === 0);
      expect(retryAt === undefined).toBe(used === 1);
    }
  });

  test("grants takers of several calls no more than the calls there are", async () => {
    const id = newId();

    const spent = await atOnce(20, () => store.run(spend(id, 3)));

    expect(spent.reduce((sum, { used }) => sum + used, 0)).toBe(5);
  });

  test("spends only as many as are used, and offers no more than are free", async () => {
    const id = newId();
    const offered: number[] = [];
    const useTwo = (free: number) => {
      offered.push(free);
      return Effect.succeed(2);
    };

    const spent = await store.run(
      CallQuota.use((quota) => quota.spend(id, five, 16, useTwo)),
    );

    expect(offered).toEqual([5]);
    expect(spent.used).toBe(2);
    expect(await remaining(id)).toBe(3);
  });

  test("spends nothing where nothing is used", async () => {
    const id = newId();

    const spent = await store.run(
      CallQuota.use((quota) => quota.spend(id, five, 4, () => Effect.succeed(0))),
    );

    expect(spent).toMatchObject({ used: 0, ticket: undefined });
    expect(await remaining(id)).toBe(5);
  });

  test("spends nothing when the use of it fails, and stores none of its steps", async () => {
    const id = newId();
    await store.run(spend(id, 1));

    const exit = await store.exit(
      CallQuota.use((quota) => quota.spend(id, five, 4, () => Effect.fail("no"))),
    );

    expect(exit._tag).toBe("Failure");
    expect(await remaining(id)).toBe(4);
  });

  test("does not ask for a use while no call is free, and says when one is", async () => {
    const id = newId();
    const before = await now();
    await store.run(spend(id, 5));
    const after = await now();

    const spent = await store.run(
      CallQuota.use((quota) =>
        quota.spend(id, five, 1, () => Effect.die(new Error("Used what is not there"))),
      ),
    );

    expect(spent.used).toBe(0);
    expect(spent.retryAt).toBeWithin(before + 60_000, after + 60_600);
  });

  test("joins the transaction around it", async () => {
    const id = newId();

    await store.exit(
      Transaction.use(({ together }) =>
        together("test", Effect.andThen(spend(id, 5), Effect.fail("no"))),
      ),
    );

    expect(await remaining(id)).toBe(5);
  });

  test("counts the calls of a limit that was raised or lowered since", async () => {
    const id = newId();
    await store.run(spend(id, 5));

    expect((await store.run(spend(id, 9, { perMinute: 2 }))).used).toBe(0);
    expect((await store.run(spend(id, 9, { perMinute: 8 }))).used).toBeLessThanOrEqual(3);
  });

  test("reads the clock once it has the lock, so that no call counts as started earlier", async () => {
    const id = newId();
    await store.run(spend(id, 1));
    let releasedAt = 0;

    const lock = Promise.withResolvers<void>();
    const holding = store.sql.begin(async (sql) => {
      await sql`select 1 from quotas where source_id = ${id} for update`;
      lock.resolve();
      await sql`select pg_sleep(0.3)`;
      const [row] = await sql<{ now: number }[]>`select uc_now() as now`;
      releasedAt = row?.now ?? 0;
    });
    await lock.promise;
    const waiting = await atOnce(3, () => store.run(spend(id, 1)));
    await holding;

    for (const { ticket } of waiting) {
      expect(ticket?.startedAt).toBeGreaterThanOrEqual(releasedAt);
    }
  });

  test("survives the process: what was spent stays spent", async () => {
    const id = newId();
    {
      await using leaving = await testStore({ address: store.address });
      await leaving.run(spend(id, 4));
    }

    expect((await store.run(spend(id, 9))).used).toBe(1);
  });
});

describe("CallQuota.giveBack()", () => {
  test("makes the call of the ticket free again, once", async () => {
    const id = newId();
    const { ticket } = await store.run(spend(id, 1));
    await store.run(spend(id, 4));
    if (ticket === undefined) throw new Error("Expected a ticket");

    await other.run(CallQuota.use((quota) => quota.giveBack(id, five, ticket)));

    expect((await store.run(spend(id, 9))).used).toBe(1);
  });

  test("loses no call that is spent or given back at the same time", async () => {
    const id = newId();
    const limit = { perMinute: 40 };
    const first = await atOnce(20, () => store.run(spend(id, 1, limit)));

    await Promise.all([
      ...first.map(({ ticket }) =>
        ticket === undefined
          ? Promise.reject(new Error("Expected a ticket"))
          : store.run(CallQuota.use((quota) => quota.giveBack(id, limit, ticket))),
      ),
      ...Array.from({ length: 15 }, () => other.run(spend(id, 1, limit))),
    ]);

    expect(await remaining(id, limit)).toBe(25);
  });

  test("does nothing for a source that was never called", async () => {
    const id = newId();
    const ticket = { startedAt: await now() };

    await store.run(CallQuota.use((quota) => quota.giveBack(id, five, ticket)));

    expect(await remaining(id)).toBe(5);
  });
});

describe("CallQuota.refused()", () => {
  const refused = (id: string, notBefore?: number) =>
    CallQuota.use((quota) => quota.refused(id, notBefore));

  test("lets no process start a call until the pause it gives is over", async () => {
    const id = newId();
    const notBefore = (await now()) + 120_000;

    const until = await store.run(refused(id, notBefore));
    const spent = await other.run(spend(id, 1));

    expect(until).toBe(notBefore);
    expect(spent).toMatchObject({ used: 0, ticket: undefined, retryAt: notBefore });
  });

  test("pauses for 30 seconds where no instant is named, however many were under way", async () => {
    const id = newId();
    const before = await now();

    const pauses = await atOnce(5, () => store.run(refused(id)));

    const after = await now();
    expect(new Set(pauses).size).toBe(1);
    expect(pauses[0]).toBeWithin(before + 30_000, after + 30_001);
  });

  test("keeps the calls that were spent: they count when the pause is over", async () => {
    const id = newId();
    await store.run(spend(id, 3));
    await store.run(refused(id, (await now()) + 60_000));

    await store.run(CallQuota.use((quota) => quota.endCooldown(id)));

    expect((await store.run(spend(id, 9))).used).toBe(2);
  });

  test("is told of by the next call that is granted, until one was accepted", async () => {
    const id = newId();
    await store.run(refused(id));
    await store.sql`update quotas set cooldown_until = 0 where source_id = ${id}`;

    const first = await store.run(spend(id, 1));
    await store.run(CallQuota.use((quota) => quota.accepted(id)));
    const second = await store.run(spend(id, 1));

    expect([first.afterRefusal, second.afterRefusal]).toEqual([true, false]);
  });

  test("doubles the pause of a refusal that follows one, until a call was accepted", async () => {
    const id = newId();
    /** In seconds, where it is one that there may be. */
    const pauseOf = async () => {
      const before = await now();
      const until = await store.run(refused(id));
      const after = await now();
      await store.sql`update quotas set cooldown_until = 0 where source_id = ${id}`;
      return [30, 60, 120, 240].find((seconds) => {
        const refusedAt = until - seconds * 1_000;
        return before <= refusedAt && refusedAt <= after;
      });
    };

    const pauses = [await pauseOf(), await pauseOf(), await pauseOf()];
    await store.run(CallQuota.use((quota) => quota.accepted(id)));
    pauses.push(await pauseOf());

    expect(pauses).toEqual([30, 60, 120, 30]);
  });
});

describe("CallQuota.look()", () => {
  test("finds the records of many sources, and none of one that was never called", async () => {
    const [one, two, never] = [newId(), newId(), newId()];
    await store.run(spend(one, 1));
    await store.run(spend(two, 4));

    const records = await store.run(
      CallQuota.use((quota) => quota.look([one, two, never])),
    );

    expect([...records.keys()].toSorted()).toEqual([one, two].toSorted());
    expect(await remaining(one)).toBe(4);
    expect(await remaining(two)).toBe(1);
    expect(await remaining(never)).toBe(5);
  });

  test("waits for no lock", async () => {
    const id = newId();
    await store.run(spend(id, 2));

    await store.sql.begin(async (sql) => {
      await sql`select 1 from quotas where source_id = ${id} for update`;
      expect(await remaining(id)).toBe(3);
    });
  });
});
