import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Effect, Fiber, Result } from "effect";
import { PRIORITY } from "../../src/domain/refresh/task.ts";
import { awaitPermit } from "../../src/services/quota/await-permit.ts";
import { takePermits } from "../../src/services/quota/permit.ts";
import { TaskQueue } from "../../src/services/refresh/task-queue.ts";
import {
  type CountingUpstream,
  countingUpstream,
  json,
} from "../support/counting-upstream.ts";
import { eventually, type TestService, testService } from "../support/service.ts";
import { type RefreshedSource, refreshedSource } from "./refreshing.ts";

let service: TestService;
let worker: TestService;
let upstream: CountingUpstream;

/** One process in which nothing is collected, and a worker. */
beforeAll(async () => {
  upstream = await countingUpstream();
  upstream.answer(json({ n: 1 }));
  service = await testService({ worker: "off" });
  worker = await testService({ address: service.address });
});
afterAll(async () => {
  await worker[Symbol.asyncDispose]();
  await service[Symbol.asyncDispose]();
  await upstream[Symbol.asyncDispose]();
});

/** Two calls in any second. */
const QUICK = { per_minute: 1_000, per_second: 2 };
/** One call in any minute. */
const SLOW = { per_minute: 1 };

const sourceWith = (rate_limit: object) =>
  refreshedSource(service, upstream.url, { rate_limit, key_template: "/{{path*}}" });

const spendAll = ({ known }: RefreshedSource, on = service) =>
  on.run(takePermits(known.source, 1_000, Effect.succeed));

/** How long the permit took, or when to ask again. */
const timed = async ({ known }: RefreshedSource, millis: number) => {
  const startedAt = performance.now();
  const outcome = await service.run(Effect.result(awaitPermit(known.source, millis)));
  const tookMillis = performance.now() - startedAt;
  return Result.isSuccess(outcome)
    ? { isTaken: true, tookMillis, failure: undefined }
    : { isTaken: false, tookMillis, failure: outcome.failure };
};
const waiters = async ({ id }: RefreshedSource) => {
  const rows = await service.sql`select 1 from call_waiters where source_id = ${id}`;
  return rows.length;
};

describe("awaitPermit()", () => {
  test("takes a call that is free at once, and tells nobody", async () => {
    const source = await sourceWith(SLOW);

    expect((await timed(source, 1_000)).isTaken).toBe(true);
    expect(await waiters(source)).toBe(0);
  });

  test("waits for the next call, and no longer than that", async () => {
    const source = await sourceWith(QUICK);
    await spendAll(source);

    const { isTaken, tookMillis } = await timed(source, 2_000);

    expect(isTaken).toBe(true);
    expect(tookMillis).toBeWithin(500, 1_400);
    await eventually(
      () => waiters(source),
      (count) => count === 0,
    );
  });

  test("says at once when the next call comes too late, and does not wait at 0", async () => {
    const source = await sourceWith(SLOW);
    await spendAll(source);

    for (const millis of [1_000, 0]) {
      const { isTaken, tookMillis, failure } = await timed(source, millis);

      expect(isTaken).toBe(false);
      expect(tookMillis).toBeLessThan(500);
      expect(failure).toMatchObject({ _tag: "NoCallFree", sourceId: source.id });
      const inMillis = ((failure as { retryAt?: number }).retryAt ?? 0) - Date.now();
      expect(inMillis).toBeWithin(50_000, 62_000);
    }
  });

  test("serves those who wait in one process in the order they came, within the limit", async () => {
    const source = await sourceWith(QUICK);
    await spendAll(source);
    const taken: number[] = [];

    const outcomes = await Promise.all(
      [0, 1, 2, 3].map(async (index) => {
        const outcome = await timed(source, 2_400);
        if (outcome.isTaken) taken.push(index);
        return outcome;
      }),
    );

    // Two a second; which of the two is told first is all one.
    expect([taken.slice(0, 2).toSorted(), taken.slice(2).toSorted()]).toEqual([
      [0, 1],
      [2, 3],
    ]);
    const [first, , third] = outcomes;
    expect((third?.tookMillis ?? 0) - (first?.tookMillis ?? 0)).toBeWithin(700, 1_500);
  });

  test("goes before everything that is queued, in whatever process it is collected", async () => {
    const source = await sourceWith(QUICK);
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
      expect(await timed(source, 1_300)).toMatchObject({ isTaken: true });
    }
    // The other calls were not left unused.
    await eventually(
      async () => upstream.calls.filter(({ target }) => /^\/\d+$/.test(target)).length,
      (calls) => calls >= 2,
    );
  });

  test("leaves no trace when it is interrupted", async () => {
    const source = await sourceWith(SLOW);
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
    const source = await sourceWith({ per_minute: 100_000 });
    const spends = async () => {
      const [row] = await service.sql<{ calls: number }[]>`
        select sum(xact_commit)::int as calls from pg_stat_database
        where datname = current_database()`;
      return row?.calls ?? 0;
    };
    const before = await spends();

    const outcomes = await Promise.all(
      Array.from({ length: 500 }, () => timed(source, 1_000)),
    );

    expect(outcomes.filter(({ isTaken }) => isTaken)).toHaveLength(500);
    expect((await spends()) - before).toBeLessThan(250);
  });
});
