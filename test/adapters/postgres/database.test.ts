import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { Cause, Deferred, Effect, Exit, Fiber, ManagedRuntime } from "effect";
import * as DatabaseLayer from "../../../src/adapters/postgres/database.ts";
import { Database } from "../../../src/adapters/postgres/database.ts";
import { defaultPoolOptions } from "../../../src/adapters/postgres/pool.ts";
import { StoreUnavailable } from "../../../src/services/errors.ts";
import { Transaction } from "../../../src/services/transaction.ts";
import { eventually } from "../../support/service.ts";
import { timed } from "../../support/moving-clock.ts";
import { patientPool } from "./patient-pool.ts";
import { atOnce, type TestStore, testStore } from "./test-store.ts";

let store: TestStore;

beforeAll(async () => {
  store = await testStore();
  await store.sql`create table notes (id serial primary key, text text unique not null)`;
});
beforeEach(async () => {
  // The test before may have ended connections that the pool has yet to miss.
  await eventually(
    () => atOnce(24, () => store.exit(ownPid)),
    (exits) => exits.every(Exit.isSuccess),
  );
  await store.sql`delete from notes`;
});
afterAll(async () => {
  await store[Symbol.asyncDispose]();
});

const write = (text: string) =>
  Database.use(({ run }) =>
    run("write", ({ sql }) => sql`insert into notes (text) values (${text})`),
  );

const together = <A, E, R>(body: Effect.Effect<A, E, R>) =>
  Transaction.use((transaction) => transaction.together("test", body));

const ownPid = Database.use(({ run }) =>
  run("pid", async ({ sql }) => {
    const [row] = await sql<{ pid: number }[]>`select pg_backend_pid() as pid`;
    return row?.pid ?? 0;
  }),
);

const written = async () => {
  const rows = await store.sql<{ text: string }[]>`select text from notes order by id`;
  return rows.map(({ text }) => text);
};

/** Ends the adapters' connections, as a restart of the server does. */
const endConnections = async () => {
  await store.sql`
    select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and application_name = 'uni-cache'`;
};

/** What is open in the database besides what looks and what is at work. */
const openTransactions = async () => {
  const [row] = await store.sql<{ count: number }[]>`
    select count(*) as count from pg_stat_activity
    where datname = current_database() and application_name = 'uni-cache'
      and state like 'idle in transaction%'`;
  return row?.count;
};

/** Until none is, long before the server would end one that was left. */
const noneOpen = async () => {
  const { millis } = await timed(store, () =>
    eventually(openTransactions, (open) => open === 0),
  );
  expect(millis).toBeLessThan(3_000);
};

describe("Transaction.together()", () => {
  test("stores all steps when the body succeeds, and gives its value", async () => {
    const value = await store.run(
      together(Effect.as(write("a").pipe(Effect.andThen(write("b"))), 7)),
    );

    expect(value).toBe(7);
    expect(await written()).toEqual(["a", "b"]);
  });

  test("shows nobody a step before all are stored", async () => {
    const seen = await store.run(
      together(write("a").pipe(Effect.andThen(Effect.promise(written)))),
    );

    expect(seen).toEqual([]);
    expect(await written()).toEqual(["a"]);
  });

  test("stores nothing when the body fails, and fails with the body's own error", async () => {
    const exit = await store.exit(
      together(Effect.andThen(write("a"), Effect.fail("no" as const))),
    );

    expect(exit).toEqual(Exit.fail("no"));
    expect(await written()).toEqual([]);
  });

  test("stores nothing when the body dies", async () => {
    const exit = await store.exit(
      together(Effect.andThen(write("a"), Effect.die("bug"))),
    );

    expect(exit).toEqual(Exit.die("bug"));
    expect(await written()).toEqual([]);
  });

  test("stores nothing when it is interrupted, and leaves nothing open", async () => {
    const exit = await store.run(
      Effect.gen(function* () {
        const begun = yield* Deferred.make<void>();
        const body = write("a").pipe(
          Effect.andThen(Deferred.succeed(begun, undefined)),
          Effect.andThen(Effect.never),
        );
        const fiber = yield* Effect.forkChild(together(body));
        yield* Deferred.await(begun);
        yield* Fiber.interrupt(fiber);
        return yield* Fiber.await(fiber);
      }),
    );

    expect(Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause)).toBe(true);
    expect(await written()).toEqual([]);
    await noneOpen();
  });

  test("joins the one around it: what the outer does not store, the inner does not", async () => {
    const inner = together(write("inner"));

    await store.exit(together(Effect.andThen(inner, Effect.fail("no"))));
    expect(await written()).toEqual([]);
    await store.run(together(Effect.andThen(write("outer"), inner)));

    expect(await written()).toEqual(["outer", "inner"]);
  });

  test("runs all steps on one connection, and those of another fiber on another", async () => {
    const [pids, other] = await store.run(
      Effect.gen(function* () {
        const asked = yield* Deferred.make<void>();
        const answered = yield* Deferred.make<number>();
        const elsewhere = Deferred.await(asked).pipe(
          Effect.andThen(ownPid),
          Effect.andThen((pid) => Deferred.succeed(answered, pid)),
        );
        yield* Effect.forkChild(elsewhere);
        const pids = yield* together(
          Effect.gen(function* () {
            const first = yield* ownPid;
            yield* Deferred.succeed(asked, undefined);
            const other = yield* Deferred.await(answered);
            return [first, yield* ownPid, other] as const;
          }),
        );
        return [[pids[0], pids[1]], pids[2]] as const;
      }),
    );

    expect(pids[0]).toBe(pids[1]);
    expect(other).not.toBe(pids[0]);
  });

  test("takes a statement that is refused for a bug, and stores nothing beside it", async () => {
    const exit = await store.exit(together(Effect.andThen(write("a"), write("a"))));

    expect(Exit.isFailure(exit) && Cause.hasDies(exit.cause)).toBe(true);
    expect(await written()).toEqual([]);
  });

  test("does not store a body that caught the refusal of one of its statements and went on", async () => {
    const body = write("a").pipe(
      Effect.andThen(Effect.catchDefect(write("a"), () => Effect.void)),
      Effect.as("done"),
    );

    const exit = await store.exit(together(body));

    expect(exit).not.toEqual(Exit.succeed("done"));
    expect(await written()).toEqual([]);
  });

  test("gives every connection back, however transactions end", async () => {
    const ends = [Effect.void, Effect.fail("no"), Effect.die("bug")];

    await atOnce(60, (index) =>
      store.exit(
        together(Effect.andThen(write(`${index}`), ends[index % 3] ?? Effect.void)),
      ),
    );

    expect(await written()).toHaveLength(20);
    await noneOpen();
  });

  test("refuses a commit that comes too late", async () => {
    const exit = await store.exit(
      together(
        write("late").pipe(
          Effect.andThen(
            Database.use(({ run }) =>
              run(
                "expire",
                ({ sql }) => sql`select set_config('uc.deadline', '0', true)`,
              ),
            ),
          ),
        ),
      ),
    );

    expect(Exit.isFailure(exit) && Cause.squash(exit.cause)).toBeInstanceOf(
      StoreUnavailable,
    );
    expect(await written()).toEqual([]);
    await noneOpen();
  });
});

describe("Transaction.together() whose connection ends", () => {
  test.each([
    ["while the body does something else", Effect.void],
    ["before a statement of the body", write("b")],
  ])(
    "fails at once with StoreUnavailable: %s",
    async (_, rest) => {
      await using other = await testStore({ address: store.address });
      const ended = Effect.promise(endConnections).pipe(Effect.andThen(Effect.sleep(50)));

      const { value: exit, millis } = await timed(store, () =>
        other.exit(
          together(write("a").pipe(Effect.andThen(ended), Effect.andThen(rest))),
        ),
      );

      expect(Exit.isFailure(exit) && Cause.squash(exit.cause)).toBeInstanceOf(
        StoreUnavailable,
      );
      expect(millis).toBeLessThan(2_000);
      expect(await written()).toEqual([]);
    },
    20_000,
  );

  test("costs no place in the pool, however often it happens", async () => {
    await using other = await testStore({ address: store.address });
    const ended = Effect.promise(endConnections).pipe(Effect.andThen(Effect.sleep(20)));

    for (let round = 0; round < 15; round++) {
      await other.exit(together(Effect.andThen(write(`${round}`), ended)));
    }
    const answers = await eventually(
      () => atOnce(24, () => other.exit(ownPid)),
      (exits) => exits.every(Exit.isSuccess),
    );

    expect(answers).toHaveLength(24);
    expect(await written()).toEqual([]);
  }, 60_000);
});

describe("Database.run()", () => {
  test("dies of a statement that the server refuses", async () => {
    const exit = await store.exit(
      Database.use(({ run }) => run("wrong", ({ sql }) => sql`select nonsense`)),
    );

    expect(Exit.isFailure(exit) && Cause.hasDies(exit.cause)).toBe(true);
  });

  test("fails with StoreUnavailable where no server is", async () => {
    const nowhere = "postgres://nobody@127.0.0.1:1/none";

    await expect(testStore({ address: { url: nowhere } })).rejects.toThrow(
      "Cannot reach the store",
    );
  });

  test("fails with StoreUnavailable when the server takes too long over a statement", async () => {
    const pool = { ...defaultPoolOptions, statementMillis: 1_100, giveUpMillis: 30_000 };
    // By itself: nothing else is to be as quick.
    const slow = ManagedRuntime.make(DatabaseLayer.layer(store.address, pool));

    const exit = await slow.runPromiseExit(
      Database.use(({ run }) => run("slow", ({ sql }) => sql`select pg_sleep(30)`)),
    );
    await slow.dispose();

    expect(Exit.isFailure(exit) && Cause.squash(exit.cause)).toBeInstanceOf(
      StoreUnavailable,
    );
  });

  test("answers the first who asks after a connection was ended under a statement", async () => {
    const pool = { ...patientPool, connections: 1 };
    // By itself: nobody else is to be the first.
    const one = ManagedRuntime.make(DatabaseLayer.layer(store.address, pool));
    const end = Database.use(({ run }) =>
      run("end", ({ sql }) => sql`select pg_terminate_backend(pg_backend_pid())`),
    );

    const ended = await one.runPromiseExit(end);
    const next = await one.runPromiseExit(ownPid);
    await one.dispose();

    expect([Exit.isSuccess(ended), Exit.isSuccess(next)]).toEqual([false, true]);
  });

  test("answers more callers at once than there are connections", async () => {
    const pids = await atOnce(200, () => store.run(ownPid));

    expect(pids).toHaveLength(200);
    expect(new Set(pids).size).toBeLessThanOrEqual(12);
  });

  test("answers everyone again within 2 seconds of the end of every connection", async () => {
    const pool = defaultPoolOptions;
    await using other = await testStore({ address: store.address, pool });
    await atOnce(24, () => other.run(ownPid));

    await endConnections();
    const { millis } = await timed(store, () =>
      eventually(
        () => atOnce(24, () => other.exit(ownPid)),
        (exits) => exits.every(Exit.isSuccess),
      ),
    );

    expect(millis).toBeLessThan(2_000);
  }, 60_000);
});

describe("Database.atCommit()", () => {
  const writeAtCommit = (text: string) =>
    Database.use(({ atCommit }) =>
      atCommit(({ sql }) => sql`insert into notes (text) values (${text})`),
    );

  test("stores its statement with the rest, in the same transaction", async () => {
    await store.run(together(Effect.andThen(write("first"), writeAtCommit("last"))));

    expect(await written()).toEqual(["first", "last"]);
  });

  test("stores nothing when its statement is refused, and serves on", async () => {
    await store.run(write("taken"));

    const exit = await store.exit(
      together(Effect.andThen(write("first"), writeAtCommit("taken"))),
    );
    const again = await store.exit(write("after"));

    expect(Exit.isFailure(exit) && Cause.hasDies(exit.cause)).toBe(true);
    expect(Exit.isSuccess(again)).toBe(true);
    expect(await written()).toEqual(["taken", "after"]);
  });

  test("stores nothing when the body fails after it", async () => {
    const exit = await store.exit(
      together(Effect.andThen(writeAtCommit("last"), Effect.fail("no"))),
    );

    expect(Exit.isFailure(exit)).toBe(true);
    expect(await written()).toEqual([]);
  });
});
