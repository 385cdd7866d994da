import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Deferred, Effect, Fiber, ManagedRuntime } from "effect";
import * as ClearLocksLayer from "../../../src/adapters/postgres/clear-locks.ts";
import {
  type ClearLock,
  ClearLocks,
} from "../../../src/services/clearing/clear-locks.ts";
import { eventually } from "../../support/service.ts";
import { atOnce, type TestStore, testStore } from "./test-store.ts";

let store: TestStore;

beforeAll(async () => {
  store = await testStore();
});
afterAll(async () => {
  await store[Symbol.asyncDispose]();
});

/** One process; a holder that is silent for `goneMillis` is taken to be gone. */
function clearer(goneMillis?: number) {
  const runtime = ManagedRuntime.make(ClearLocksLayer.layer(store.address, goneMillis));
  return {
    run: <A, E>(effect: Effect.Effect<A, E, ClearLocks>) => runtime.runPromise(effect),
    [Symbol.asyncDispose]: () => runtime.dispose(),
  };
}

type Clearer = ReturnType<typeof clearer>;

/** Whether `what` could be held; it is let go at once. */
const isFree = (by: Clearer, what: string) =>
  by.run(
    Effect.scoped(
      ClearLocks.use(({ hold }) => Effect.map(hold(what), (lock) => lock !== undefined)),
    ),
  );

/** Holds `what` until it is told to end, or broken off. */
async function holding(by: Clearer, what: string) {
  const held = Promise.withResolvers<ClearLock | undefined>();
  const end = Deferred.makeUnsafe<void>();
  const clear = Effect.gen(function* () {
    const { hold } = yield* ClearLocks;
    held.resolve(yield* hold(what));
    yield* Deferred.await(end);
  });
  const fiber = await by.run(Effect.forkDetach(Effect.scoped(clear)));
  const lock = await held.promise;
  if (lock === undefined) throw new Error("Expected to hold it");
  return {
    keep: () => by.run(lock.keep),
    end: async () => {
      Deferred.doneUnsafe(end, Effect.void);
      await by.run(Fiber.await(fiber));
    },
    breakOff: () => by.run(Fiber.interrupt(fiber)),
  };
}

/** The first answer over a new session: the old one may still fail. */
const keptAgain = (held: { keep(): Promise<boolean> }) =>
  eventually(
    () => held.keep().catch(() => undefined),
    (kept) => kept !== undefined,
  );

/** Ends every session that holds such a lock, as the end of its process does. */
async function endSessions(): Promise<void> {
  const ended = await store.sql<{ pid: number }[]>`
    select pg_terminate_backend(pid), pid from pg_locks
    where locktype = 'advisory' and classid = 2
      and database = (select oid from pg_database where datname = current_database())`;
  const pids = ended.map(({ pid }) => pid);
  await eventually(
    () => store.sql`select 1 from pg_stat_activity where pid = any(${pids})`,
    ({ count }) => count === 0,
  );
}

describe("ClearLocks.hold()", () => {
  test("lets one at a time, in one process and in two", async () => {
    await using one = clearer();
    await using two = clearer();
    const held = await holding(one, "a");

    expect([await isFree(one, "a"), await isFree(two, "a")]).toEqual([false, false]);
    expect([await isFree(one, "b"), await isFree(two, "b")]).toEqual([true, true]);
    expect(await held.keep()).toBe(true);
    await held.end();
    expect([await isFree(one, "a"), await isFree(two, "a")]).toEqual([true, true]);
  });

  test("lets go when whoever holds it is broken off", async () => {
    await using one = clearer();
    await using two = clearer();
    const held = await holding(one, "a");

    await held.breakOff();

    expect(await isFree(two, "a")).toBe(true);
  });

  test("lets go when the process ends", async () => {
    await using two = clearer();
    {
      await using one = clearer();
      await holding(one, "a");
      expect(await isFree(two, "a")).toBe(false);
    }
    await eventually(
      () => isFree(two, "a"),
      (free) => free,
    );
  });

  test("takes a lock that was lost again, unless somebody else has it", async () => {
    await using one = clearer();
    await using two = clearer();
    const held = await holding(one, "a");

    await endSessions();
    expect(await keptAgain(held)).toBe(true);
    expect(await isFree(two, "a")).toBe(false);

    await endSessions();
    const other = await holding(two, "a");
    expect(await keptAgain(held)).toBe(false);
    await held.end();
    expect(await isFree(one, "a")).toBe(false);
    await other.end();
    expect(await isFree(one, "a")).toBe(true);
  });

  test("lets go of what a silent process holds, and of nothing that one keeps", async () => {
    const goneMillis = 1_000;
    await using silent = clearer(goneMillis);
    await using two = clearer();
    const held = await holding(silent, "a");
    /** Keeps it for longer than it may be silent; gives its longest silence. */
    const keeping = async () => {
      await keptAgain(held);
      const startedAt = performance.now();
      let [heardAt, longest] = [startedAt, 0];
      while (performance.now() - startedAt < 1.5 * goneMillis) {
        await keptAgain(held);
        longest = Math.max(longest, performance.now() - heardAt);
        heardAt = performance.now();
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      const isKept = !(await isFree(two, "a"));
      return { isKept, longest: Math.max(longest, performance.now() - heardAt) };
    };
    // Where the machine stands still it is silent indeed, which is not what is looked at.
    const { isKept } = await eventually(keeping, ({ longest }) => longest < 500);
    expect(isKept).toBe(true);

    await eventually(
      () => isFree(two, "a"),
      (free) => free,
    );
  });

  test("leaves a process that holds nothing its session", async () => {
    await using one = clearer(200);
    const session = () => store.sql<{ pid: number }[]>`
      select pid from pg_stat_activity where datname = current_database()
        and query like '%pg_advisory_unlock%' and pid <> pg_backend_pid()`;
    await isFree(one, "a");
    const before = await session();

    await new Promise((resolve) => setTimeout(resolve, 500));
    expect([...(await session())]).toEqual([...before]);
    expect(before).toHaveLength(1);
  });

  test("lets one of fifty hold, over two processes", async () => {
    await using one = clearer();
    await using two = clearer();
    const all = Deferred.makeUnsafe<void>();
    let asked = 0;

    const held = await atOnce(50, (index) =>
      (index % 2 === 0 ? one : two).run(
        Effect.scoped(
          Effect.gen(function* () {
            const { hold } = yield* ClearLocks;
            const lock = yield* hold("c");
            if (++asked === 50) Deferred.doneUnsafe(all, Effect.void);
            yield* Deferred.await(all);
            return lock !== undefined;
          }),
        ),
      ),
    );

    expect(held.filter(Boolean)).toHaveLength(1);
  });
});
