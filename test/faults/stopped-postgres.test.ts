import { describe, expect, test } from "bun:test";
import { Cause, Effect, Exit } from "effect";
import { readdirSync, readFileSync } from "node:fs";
import { startEmbeddedPostgres } from "../../src/adapters/embedded-postgres/start-server.ts";
import { Database } from "../../src/adapters/postgres/database.ts";
import { migrate } from "../../src/adapters/postgres/migrate.ts";
import { defaultPoolOptions } from "../../src/adapters/postgres/pool.ts";
import { StoreUnavailable } from "../../src/services/errors.ts";
import { Transaction } from "../../src/services/transaction.ts";
import { type TestStore, testStore } from "../adapters/postgres/test-store.ts";
import { movingClock, timed } from "../support/moving-clock.ts";
import { temporaryDataFolder } from "../support/postgres.ts";
import { eventually } from "../support/service.ts";

const WRITERS = 40;

/** A PostgreSQL of the test's own, which can be stopped without its clients hearing of it. */
async function stoppableStore() {
  const folder = await temporaryDataFolder();
  const server = await startEmbeddedPostgres(folder.path, { fsync: "off" });
  const { host, port, user } = server;
  const address = { host, port, user, database: "postgres" };
  await migrate(address);
  const store = await testStore({ address, pool: defaultPoolOptions });
  await store.sql`create table notes (text text primary key)`;
  return {
    ...store,
    signal: (signal: "SIGSTOP" | "SIGCONT") => {
      // From then on there are no new ones; before, one may end.
      process.kill(server.pid, signal);
      for (const pid of childrenOf(server.pid)) {
        try {
          process.kill(pid, signal);
        } catch {
          // It has ended meanwhile.
        }
      }
    },
    [Symbol.asyncDispose]: async () => {
      await store[Symbol.asyncDispose]();
      await server.stop();
      await folder.remove();
    },
  };
}

function childrenOf(parent: number): readonly number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
        return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]) === parent;
      } catch {
        return false;
      }
    });
}

const insert = (text: string) =>
  Database.use(({ run }) =>
    run("insert", ({ sql }) => sql`insert into notes (text) values (${text})`),
  );

/** One statement after the other, so that the stop finds them at every step. */
const insertTogether = (text: string) =>
  Transaction.use(({ together }) =>
    together("insert", Effect.andThen(insert(`${text} first`), insert(`${text} second`))),
  );

const pause = (millis: number) => new Promise((resolve) => setTimeout(resolve, millis));

/** Writers that go on until told to stop; which texts each call told to be stored, and which not. */
function writeOn(store: TestStore) {
  const stored: string[] = [];
  const failed: string[] = [];
  let slowestMillis = 0;
  const state = { isOn: true };
  const writer = async (number: number) => {
    for (let round = 0; state.isOn; round++) {
      const text = `${number}-${round}`;
      const startedAt = performance.now();
      const exit = await store.exit(insertTogether(text));
      slowestMillis = Math.max(slowestMillis, performance.now() - startedAt);
      (Exit.isSuccess(exit) ? stored : failed).push(text);
      if (Exit.isFailure(exit)) {
        expect(Cause.squash(exit.cause)).toBeInstanceOf(StoreUnavailable);
        await pause(50);
      }
    }
  };
  const writers = Array.from({ length: WRITERS }, (_, number) => writer(number));
  return {
    end: async () => {
      state.isOn = false;
      await Promise.all(writers);
      return { stored, failed, slowestMillis };
    },
  };
}

describe("a PostgreSQL that is stopped and goes on", () => {
  // Below and above the time after which calls give up, and after which commits are refused.
  test.each([3_000, 7_000, 14_000])(
    "after %d ms: what was told to be stored is, and nothing that was told not to be",
    async (stoppedMillis) => {
      await using store = await stoppableStore();
      const writing = writeOn(store);
      await pause(300);

      store.signal("SIGSTOP");
      await pause(stoppedMillis);
      store.signal("SIGCONT");
      await pause(3_000);
      const { stored, failed, slowestMillis } = await writing.end();

      const rows = await store.sql<{ text: string }[]>`select text from notes`;
      const there = new Set(rows.map(({ text }) => text));
      console.log(
        `stopped ${stoppedMillis} ms: ${stored.length} stored, ${failed.length} failed, slowest ${Math.round(slowestMillis)} ms`,
      );
      expect(failed.filter((text) => there.has(`${text} second`))).toEqual([]);
      expect(stored.filter((text) => !there.has(`${text} second`))).toEqual([]);
      expect(there.size).toBe(2 * stored.length);
    },
    120_000,
  );

  // The commit is on its way when the server stops, and is there when it goes on.
  test.each([3_000, 7_500, 12_000])(
    "takes a commit that it finds after %d ms only if the caller was not told of a failure",
    async (stoppedMillis) => {
      await using store = await stoppableStore();
      const goOn = async () => {
        await pause(stoppedMillis);
        store.signal("SIGCONT");
      };
      let gone: Promise<void> | undefined;
      const stop = Effect.sync(() => {
        store.signal("SIGSTOP");
        gone = goOn();
      });

      const exit = await store.exit(
        Transaction.use(({ together }) =>
          together("test", Effect.andThen(insert("a"), stop)),
        ),
      );
      await gone;
      await pause(1_000);

      const rows = await store.sql`select text from notes`;
      expect(rows.count).toBe(Exit.isSuccess(exit) ? 1 : 0);
    },
    120_000,
  );

  test("fails every call within 9 seconds, most of them at once, and answers again within 3", async () => {
    await using store = await stoppableStore();
    await store.run(insert("before"));
    store.signal("SIGSTOP");
    const millis: number[] = [];
    const until = performance.now() + 12_000;
    using clock = movingClock();

    const caller = async () => {
      while (performance.now() < until) {
        const startedAt = clock.now();
        const exit = await store.exit(insert(crypto.randomUUID()));
        millis.push(clock.now() - startedAt);
        expect(Exit.isFailure(exit)).toBe(true);
        await pause(20);
      }
    };
    await Promise.all(Array.from({ length: 50 }, caller));
    store.signal("SIGCONT");
    const continuedAt = clock.now();
    await eventually(
      () => store.exit(insert(crypto.randomUUID())),
      (exit) => Exit.isSuccess(exit),
    );
    const answeredAt = clock.now();

    expect(Math.max(...millis)).toBeLessThan(9_000);
    expect(millis.filter((one) => one < 100).length / millis.length).toBeGreaterThan(0.8);
    expect(answeredAt - continuedAt).toBeLessThan(3_000);
  }, 120_000);

  test("answers again within 3 seconds of a restart", async () => {
    const folder = await temporaryDataFolder();
    const server = await startEmbeddedPostgres(folder.path, { fsync: "off" });
    const { host, port, user } = server;
    const address = { host, port, user, database: "postgres" };
    await migrate(address);
    const store = await testStore({ address, pool: defaultPoolOptions });
    await store.sql`create table notes (text text primary key)`;
    const writing = writeOn(store);
    await pause(300);

    await server.stop();
    await pause(2_000);
    const again = await startEmbeddedPostgres(folder.path, { fsync: "off" });
    const { millis } = await timed({}, () =>
      eventually(
        () => store.exit(insert(crypto.randomUUID())),
        (exit) => Exit.isSuccess(exit),
      ),
    );
    await writing.end();

    expect(millis).toBeLessThan(3_000);
    await store[Symbol.asyncDispose]();
    await again.stop();
    await folder.remove();
  }, 120_000);
});
