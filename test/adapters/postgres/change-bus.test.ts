import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Effect } from "effect";
import { ChangeBus } from "../../../src/services/change-bus.ts";
import { Transaction } from "../../../src/services/transaction.ts";
import { eventually } from "../../support/service.ts";
import { type BusMember, busMembers } from "./bus-member.ts";
import { atOnce, type TestStore, testStore } from "./test-store.ts";

let store: TestStore;
let group: Awaited<ReturnType<typeof busMembers>>;
let members: readonly BusMember[];

/** Four processes, and the test's own that logs and looks. */
beforeAll(async () => {
  store = await testStore();
  group = await busMembers(url(), 4);
  members = group.members;
});
afterAll(async () => {
  await group[Symbol.asyncDispose]();
  await store[Symbol.asyncDispose]();
});

const url = () => ("url" in store.address ? store.address.url : "");

const log = (sourceId: string) =>
  ChangeBus.use((bus) => bus.log({ _tag: "SourceChanged", sourceId }));

const head = async () => {
  const [row] = await store.sql<{ seq: number }[]>`select seq from change_head`;
  return row?.seq ?? 0;
};

const numbersOf = (member: BusMember) => member.applied.map(({ seq }) => seq);

/** Until the test has read of each member that it applied all up to `seq`. */
const allApplied = (seq: number) =>
  eventually(
    async () => members.map((member) => numbersOf(member).at(-1) ?? 0),
    (last) => last.every((one) => one >= seq),
  );

describe("ChangeBus.log()", () => {
  test("numbers changes without gaps in the order of their commits, and not what was not stored", async () => {
    const before = await head();

    const together = (fails: boolean) =>
      Transaction.use((transaction) =>
        transaction.together(
          "test",
          Effect.tap(log("numbered"), () => (fails ? Effect.fail("no") : Effect.void)),
        ),
      );
    const exits = await atOnce(60, (index) => store.exit(together(index % 3 === 0)));

    const seqs = exits.flatMap((exit) => (exit._tag === "Success" ? [exit.value] : []));
    expect(seqs.toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 40 }, (_, index) => before + 1 + index),
    );
  });
});

describe("ChangeBus.subscribe()", () => {
  test("tells every process every change, in order, without gaps", async () => {
    const before = await head();

    const told = await Promise.all(
      members.flatMap((member, number) =>
        Array.from({ length: 50 }, (_, index) => member.log(`order-${number}-${index}`)),
      ),
    );

    const expected = Array.from({ length: 200 }, (_, index) => before + 1 + index);
    expect(told.map(({ seq }) => seq).toSorted((a, b) => a - b)).toEqual(expected);
    await allApplied(before + 200);
    for (const member of members) {
      expect(numbersOf(member).filter((seq) => seq > before)).toEqual(expected);
      expect(member.lost).toEqual([]);
    }
  });

  test("tells of changes that were logged while the listening connection was cut", async () => {
    const seqs: number[] = [];

    for (let round = 0; round < 5; round++) {
      await store.sql`
        select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and application_name = 'uni-cache listen'`;
      seqs.push(await store.run(log(`cut-${round}`)));
    }
    await allApplied(seqs.at(-1) ?? Infinity);

    for (const member of members) expect(numbersOf(member).slice(-5)).toEqual(seqs);
  });

  test("listens again after the connection was cut: a change arrives at once", async () => {
    const [first] = members;
    const reached = async () => {
      const told = await first?.log(crypto.randomUUID());
      return told?.unreached === 0 && told.millis < 500;
    };

    // Once may be luck: who only looks every second has just looked after each.
    await eventually(
      async () => (await reached()) && (await reached()) && (await reached()),
      (isSo) => isSo,
    );
  });
});

describe("ChangeBus.acknowledged()", () => {
  test("gives 0, and not before every process has applied the change", async () => {
    const logAll = () =>
      Promise.all(
        members.flatMap((member) =>
          Array.from({ length: 25 }, () => member.log(crypto.randomUUID())),
        ),
      );

    // On a busy machine some, or all, may take more than the second that is waited.
    const told = await eventually(logAll, (all) =>
      all.some(({ unreached }) => unreached === 0),
    );
    await allApplied(Math.max(...told.map(({ seq }) => seq)));

    const reached = told.filter(({ unreached }) => unreached === 0);
    for (const { seq, at } of reached) {
      for (const member of members) {
        const applied = member.applied.find((one) => one.seq === seq);
        expect(applied?.at).toBeLessThanOrEqual(at);
      }
    }
  });

  test("waits for the process that waits, too", async () => {
    const applied: number[] = [];
    await store.run(
      ChangeBus.use((bus) =>
        bus.subscribe((event) =>
          Effect.sync(() => {
            if (event._tag === "Logged") applied.push(event.logged.seq);
          }),
        ),
      ),
    );

    const logged = async () => {
      const seq = await store.run(log("own"));
      const unreached = await store.run(ChangeBus.use((bus) => bus.acknowledged(seq)));
      return { unreached, isApplied: applied.includes(seq) };
    };
    const { isApplied } = await eventually(logged, ({ unreached }) => unreached === 0);

    expect(isApplied).toBe(true);
  });

  test("does not wait for a process that left", async () => {
    await using leaving = await busMembers(url(), 1);
    await leaving[Symbol.asyncDispose]();

    await eventually(
      () =>
        members[0]?.log(crypto.randomUUID()) ?? Promise.reject(new Error("No member")),
      ({ unreached }) => unreached === 0,
    );
  });
});

describe("ChangeBus.appliedHere()", () => {
  test("comes back once the change is applied in this process", async () => {
    const heard: number[] = [];
    const record = ChangeBus.use((bus) =>
      bus.subscribe((event) =>
        Effect.sync(() => {
          if (event._tag === "Logged") heard.push(event.logged.seq);
        }),
      ),
    );
    await store.run(record);

    const seqs = await atOnce(20, () =>
      store.run(
        Effect.tap(log("here"), (seq) => ChangeBus.use((bus) => bus.appliedHere(seq))),
      ),
    );

    expect(seqs.filter((seq) => !heard.includes(seq))).toEqual([]);
  });
});
