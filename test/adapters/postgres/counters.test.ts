import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { Cause, Effect, Exit } from "effect";
import {
  type CounterName,
  COUNTERS,
  Counters,
  type Counts,
} from "../../../src/services/counters.ts";
import { StoreUnavailable } from "../../../src/services/errors.ts";
import { cuttable } from "../../support/cuttable.ts";
import { testDatabase } from "../../support/postgres.ts";
import { eventually } from "../../support/service.ts";
import { atOnce, type TestStore, testStore } from "./test-store.ts";

let one: TestStore;
let other: TestStore;

/** Two processes on one database. */
beforeAll(async () => {
  one = await testStore();
  other = await testStore({ address: one.address });
});
beforeEach(async () => {
  // What the test before counted is handed in first.
  await one.run(totals);
  await other.run(totals);
  await one.sql`delete from counters`;
});
afterAll(async () => {
  await other[Symbol.asyncDispose]();
  await one[Symbol.asyncDispose]();
});

const totals = Counters.use((counters) => counters.totals);
const own = Counters.use(({ own }) => Effect.sync(own));
const count = (name: CounterName, by?: number) =>
  Counters.use(({ count }) => Effect.sync(() => count(name, by)));

/** What the store holds, without handing anything in. */
const stored = async (name: CounterName) => {
  const [row] = await one.sql<{ value: number }[]>`
    select value from counters where name = ${name}`;
  return row?.value ?? 0;
};

describe("Counters.totals", () => {
  test("is zero of everything before anything was counted", async () => {
    expect(await one.run(totals)).toEqual(
      // Safe because every name has its place.
      Object.fromEntries(COUNTERS.map((name) => [name, 0])) as unknown as Counts,
    );
  });

  test("has at once what was counted here, by one or by more", async () => {
    await one.run(count("reads_hit"));
    await one.run(count("reads_hit"));
    await one.run(count("calls_lost", 16));

    expect(await one.run(totals)).toMatchObject({
      reads_hit: 2,
      calls_lost: 16,
      reads_miss: 0,
    });
  });

  test("has what every process counted", async () => {
    await one.run(count("reads_hit", 3));
    await other.run(count("reads_hit", 4));

    await one.run(totals);

    expect((await other.run(totals)).reads_hit).toBe(7);
  });

  test("never goes back, whichever process is asked next", async () => {
    const told: number[] = [];
    for (let round = 0; round < 30; round++) {
      await one.run(count("reads_hit"));
      told.push((await one.run(totals)).reads_hit, (await other.run(totals)).reads_hit);
    }

    expect(told).toEqual(told.toSorted((a, b) => a - b));
    expect(told.at(-1)).toBe(30);
  });

  test("loses and doubles nothing when many count and look at once", async () => {
    const names: readonly CounterName[] = ["upstream_calls", "reads_hit", "calls_lost"];
    const work = (on: TestStore, index: number) =>
      Effect.gen(function* () {
        // In another order by each, as two processes lock rows.
        const order = on === one ? names : names.toReversed();
        for (const name of order) yield* count(name);
        if (index % 5 === 0) yield* totals;
      });

    await atOnce(200, (index) => {
      const on = index % 2 === 0 ? one : other;
      return on.run(work(on, index));
    });

    await one.run(totals);
    expect(await other.run(totals)).toMatchObject({
      upstream_calls: 200,
      reads_hit: 200,
      calls_lost: 200,
    });
  });

  test("locks the rows in one order, whatever was counted first", async () => {
    const counted = Effect.andThen(count("reads_hit"), count("calls_lost"));
    await one.run(Effect.andThen(counted, totals));
    let waiting: Promise<Counts> | undefined;

    await one.sql.begin(async (holder) => {
      await holder`select 1 from counters where name = 'calls_lost' for update`;
      waiting = other.run(Effect.andThen(counted, totals));
      await eventually(
        () => one.sql`
          select 1 from pg_stat_activity
          where datname = current_database() and wait_event_type = 'Lock'`,
        ({ count }) => count > 0,
      );
      // Fails where the one that waits for the first row has the second.
      await holder`select 1 from counters where name = 'reads_hit' for update nowait`;
    });

    expect(await waiting).toMatchObject({ reads_hit: 2, calls_lost: 2 });
  });

  test("leaves out a name that only another version knows", async () => {
    await one.sql`insert into counters (name, value) values ('reads_guessed', 5)`;

    expect(Object.keys(await one.run(totals)).toSorted()).toEqual(COUNTERS.toSorted());
  });
});

describe("Counters.own()", () => {
  test("is of this process alone, handed in or not", async () => {
    await using third = await testStore({ address: one.address });
    await one.run(count("reads_stale", 9));
    await third.run(count("reads_stale", 2));

    const before = await third.run(own);
    await third.run(totals);

    expect(before.reads_stale).toBe(2);
    expect(await third.run(own)).toEqual(before);
  });
});

describe("what was counted", () => {
  test("is handed in by itself, soon", async () => {
    await one.run(count("reads_miss", 5));

    expect(
      await eventually(
        () => stored("reads_miss"),
        (value) => value > 0,
      ),
    ).toBe(5);
  });

  test("is handed in by a stop", async () => {
    const third = await testStore({ address: one.address });
    await third.run(count("reads_bypass", 3));
    await third.run(totals);
    await third.run(count("reads_bypass", 4));

    await third[Symbol.asyncDispose]();

    expect(await stored("reads_bypass")).toBe(7);
  });

  test("outlives an outage of the store, and is handed in once after it", async () => {
    await using database = await testDatabase();
    await using wire = await cuttable(database);
    await using process = await testStore({ address: { url: wire.url } });
    await process.run(count("upstream_calls", 1));
    await process.run(totals);

    await wire.cut();
    await process.run(count("upstream_calls", 10));
    const away = await process.exit(totals);
    await process.run(count("upstream_calls", 100));
    await wire.mend();

    expect(Exit.isFailure(away) && Cause.squash(away.cause)).toBeInstanceOf(
      StoreUnavailable,
    );
    const back = await eventually(() => process.exit(totals), Exit.isSuccess);
    expect(back).toMatchObject({ value: { upstream_calls: 111 } });
  }, 60_000);
});
