import { afterAll, describe, expect, test } from "bun:test";
import { Effect, Fiber, Result } from "effect";
import { PRIORITY } from "../../src/domain/refresh/task.ts";
import { awaitPermit } from "../../src/services/quota/await-permit.ts";
import { takePermits } from "../../src/services/quota/permit.ts";
import { TaskQueue } from "../../src/services/refresh/task-queue.ts";
import { someTry, timed } from "../support/moving-clock.ts";
import { eventually, testService } from "../support/service.ts";
import { type RefreshedSource, refreshing } from "./refreshing.ts";

/** One process in which nothing is collected, and a worker. */
const { service, upstream, sourceWith } = await refreshing();
const worker = await testService({ address: service.address });
afterAll(() => worker[Symbol.asyncDispose]());

/** Two calls in any second. */
const QUICK = { per_minute: 1_000, per_second: 2 };
/** One call in any minute. */
const SLOW = { per_minute: 1 };
/** More than a machine that stops takes away. */
const PLENTY_MILLIS = 30_000;

const limitedTo = (rate_limit: object) => sourceWith({ rate_limit });

const spendAll = ({ known }: RefreshedSource, on = service) =>
  on.run(takePermits(known.source, 1_000, Effect.succeed));

/** The permit and how long it took, or when to ask again. */
const waitFor = async ({ known }: RefreshedSource, millis: number) => {
  const { value: answer, millis: tookMillis } = await timed(service, () =>
    service.run(Effect.result(awaitPermit(known.source, millis))),
  );
  return Result.isSuccess(answer)
    ? { isTaken: true, tookMillis, permit: answer.success, failure: undefined }
    : { isTaken: false, tookMillis, permit: undefined, failure: answer.failure };
};
/** When the calls of a permit count from, Unix milliseconds. */
const startOf = ({ permit }: Awaited<ReturnType<typeof waitFor>>) =>
  permit?.ticket.startedAt ?? 0;
const waiters = async ({ id }: RefreshedSource) => {
  const rows = await service.sql`select 1 from call_waiters where source_id = ${id}`;
  return rows.length;
};

describe("awaitPermit()", () => {
  test("takes a call that is free at once, and tells nobody", async () => {
    const source = await limitedTo(SLOW);

    expect((await waitFor(source, 1_000)).isTaken).toBe(true);
    expect(await waiters(source)).toBe(0);
  });

  test("waits for the next call, and no longer than that", async () => {
    const source = await limitedTo(QUICK);
    const { permit } = await spendAll(source);

    const waited = await waitFor(source, PLENTY_MILLIS);

    expect(waited.isTaken).toBe(true);
    expect(startOf(waited) - (permit?.ticket.startedAt ?? 0)).toBeGreaterThan(1_000);
    expect(waited.tookMillis).toBeLessThan(1_400);
    await eventually(
      () => waiters(source),
      (count) => count === 0,
    );
  });

  test("says at once when the next call comes too late, and does not wait at 0", async () => {
    const source = await limitedTo(SLOW);
    await spendAll(source);

    for (const millis of [1_000, 0]) {
      const { isTaken, tookMillis, failure } = await waitFor(source, millis);

      expect(isTaken).toBe(false);
      expect(tookMillis).toBeLessThan(500);
      expect(failure).toMatchObject({ _tag: "NoCallFree", sourceId: source.id });
      const inMillis = ((failure as { retryAt?: number }).retryAt ?? 0) - Date.now();
      expect(inMillis).toBeWithin(50_000, 62_000);
    }
  });

  test("serves those who wait in one process in the order they came, within the limit", async () => {
    const between = await someTry(
      async () => {
        const source = await limitedTo(QUICK);
        await spendAll(source);
        const taken: number[] = [];

        const outcomes = await Promise.all(
          [0, 1, 2, 3].map(async (index) => {
            const outcome = await waitFor(source, PLENTY_MILLIS);
            if (outcome.isTaken) taken.push(index);
            return startOf(outcome);
          }),
        );

        // Two a second; which of the two is told first is all one.
        expect([taken.slice(0, 2).toSorted(), taken.slice(2).toSorted()]).toEqual([
          [0, 1],
          [2, 3],
        ]);
        const [first = 0, , third = 0] = outcomes;
        expect(third - first).toBeGreaterThan(1_000);
        return third - first;
      },
      (millis) => millis < 1_500,
    );
    expect(between).toBeLessThan(1_500);
  });

  test("goes before everything that is queued, in whatever process it is collected", async () => {
    const source = await limitedTo(QUICK);
    const wanted = Array.from({ length: 40 }, (_, index) => source.idOf(`/${index}`));
    const enqueue = TaskQueue.use((queue) =>
      queue.enqueue(source.known.source, wanted, {
        priority: PRIORITY.waiting,
        told: false,
      }),
    );
    await spendAll(source);
    await worker.run(enqueue);

    for (let turn = 0; turn < 4; turn++) {
      const { isTaken, tookMillis } = await waitFor(source, PLENTY_MILLIS);
      expect(isTaken).toBe(true);
      expect(tookMillis).toBeLessThan(1_300);
    }
    // The other calls were not left unused.
    await eventually(
      async () => upstream.calls.filter(({ target }) => /^\/\d+$/.test(target)).length,
      (calls) => calls >= 2,
    );
  });

  test("leaves no trace when it is interrupted", async () => {
    const source = await limitedTo(SLOW);
    await spendAll(source);
    await service.sql`
      update quotas set cooldown_until = uc_now() + 900 where source_id = ${source.id}`;
    const fiber = await service.run(
      Effect.forkDetach(awaitPermit(source.known.source, 61_000)),
    );
    await eventually(
      () => waiters(source),
      (count) => count === 1,
    );

    await service.run(Fiber.interrupt(fiber));

    await eventually(
      () => waiters(source),
      (count) => count === 0,
    );
  });
});

describe("many at once", () => {
  test("all get a call where the limit allows it, in few statements", async () => {
    const source = await limitedTo({ per_minute: 100_000 });
    /** Transactions that have written or locked something so far: whoever spends does. */
    const spends = async () => {
      const [row] = await service.sql<{ xid: string }[]>`
        select pg_current_xact_id() as xid`;
      return Number(row?.xid);
    };
    const before = await spends();

    const outcomes = await service.run(
      Effect.forEach(
        Array.from({ length: 500 }),
        () => Effect.result(awaitPermit(source.known.source, 1_000)),
        { concurrency: "unbounded" },
      ),
    );

    expect(outcomes.filter(Result.isSuccess)).toHaveLength(500);
    expect((await spends()) - before).toBeLessThan(100);
  });
});
