import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Effect, Layer } from "effect";
import * as Collect from "../../src/jobs/collect.ts";
import { CallQuota } from "../../src/services/quota/call-quota.ts";
import * as Background from "../../src/services/refresh/background.ts";
import {
  type CountingUpstream,
  countingUpstream,
  json,
} from "../support/counting-upstream.ts";
import { eventually, type TestService, testService } from "../support/service.ts";
import { timed } from "../support/moving-clock.ts";
import { type RefreshedSource, refreshedSource, textOf } from "../services/refreshing.ts";

let service: TestService;

beforeAll(async () => {
  service = await testService({ worker: "inline" });
});
afterAll(async () => {
  await service[Symbol.asyncDispose]();
});

const pause = (millis: number) => new Promise((resolve) => setTimeout(resolve, millis));
const keys = (count: number) => Array.from({ length: count }, (_, index) => `/${index}`);

const ended = (source: RefreshedSource, ids: readonly string[]) =>
  eventually(
    () => Promise.all(ids.map((id) => source.task(id))),
    (tasks) => tasks.every(({ state }) => state === "succeeded" || state === "failed"),
  );

/** Transactions a second, once what was to be done is done. */
async function restingRate(): Promise<number> {
  const count = async () => {
    const [row] = await service.sql<{ count: string }[]>`
      select xact_commit + xact_rollback as count from pg_stat_database
      where datname = current_database()`;
    return Number(row?.count);
  };
  let least = Number.POSITIVE_INFINITY;
  // Statistics come late, by a second or by as long as the machine stopped.
  for (let look = 0; look < 4; look++) {
    await pause(1_500);
    const before = await count();
    await pause(2_000);
    least = Math.min(least, ((await count()) - before) / 2);
    if (least < 40) break;
  }
  return least;
}

/** From now on, when the calls of a source were granted, by the clock that they are counted by. */
const grantsOf = (id: string) =>
  service.run(
    Effect.map(CallQuota, (quota) => {
      const { spend } = quota;
      const grants: number[] = [];
      const noting: typeof spend = (sourceId, ...rest) =>
        Effect.map(spend(sourceId, ...rest), (spent) => {
          const { used, ticket } = spent;
          if (sourceId === id && ticket !== undefined) {
            grants.push(...Array.from({ length: used }, () => ticket.startedAt));
          }
          return spent;
        });
      Object.assign(quota, { spend: noting });
      return grants;
    }),
  );

describe("the collecting job", () => {
  test("carries out what is queued within a moment, first in line first", async () => {
    await using upstream = await countingUpstream();
    const source = await refreshedSource(service, upstream.url, {
      rate_limit: { per_minute: 60 },
    });

    const { value: tasks, millis } = await timed(service, async () =>
      ended(source, await source.enqueue(...keys(20))),
    );

    expect(millis).toBeLessThan(2_000);
    expect(tasks.map(({ state }) => state)).toEqual(keys(20).map(() => "succeeded"));
    expect(upstream.calls).toHaveLength(20);
    expect(JSON.parse(textOf(await source.stored("/7"))).path).toBe("/7");
  });

  test("starts as many calls as a minute allows at once, and then none", async () => {
    await using upstream = await countingUpstream();
    const source = await refreshedSource(service, upstream.url, {
      rate_limit: { per_minute: 5 },
      timeout_ms: 60_000,
    });

    // No call waits for the answer to another.
    const allCalled = Promise.withResolvers<void>();
    upstream.answer(async (request, response) => {
      await allCalled.promise;
      json({ n: 1 })(request, response);
    });

    await source.enqueue(...keys(40));
    await upstream.called(5);
    allCalled.resolve();
    await pause(2_500);

    expect(upstream.calls.map(({ target }) => target).toSorted()).toEqual(keys(5));
  });

  test("paces calls by the second, and uses what a second allows", async () => {
    await using upstream = await countingUpstream();
    const source = await refreshedSource(service, upstream.url, {
      rate_limit: { per_minute: 600, per_second: 5 },
    });

    const grants = await grantsOf(source.id);

    const { millis } = await timed(service, async () => {
      await source.enqueue(...keys(30));
      await upstream.called(15);
    });

    expect(millis).toBeLessThan(4_000);
    expect(upstream.calls.length).toBeLessThanOrEqual(grants.length);
    for (const [index, at] of grants.entries()) {
      const sixth = grants[index + 5];
      if (sixth !== undefined) expect(sixth - at).toBeGreaterThanOrEqual(1_000);
    }
  });

  test("lets no slow source hold up another", async () => {
    await using slow = await countingUpstream();
    await using quick = await countingUpstream();
    const end = Promise.withResolvers<void>();
    slow.answer(async (_, response) => {
      await end.promise;
      response.destroy();
    });
    const stuck = await refreshedSource(service, slow.url, {
      rate_limit: { per_minute: 600 },
      timeout_ms: 60_000,
    });
    const free = await refreshedSource(service, quick.url);
    await stuck.enqueue(...keys(100));
    await slow.called(5);

    const { millis } = await timed(service, async () =>
      ended(free, await free.enqueue(...keys(10))),
    );

    expect(millis).toBeLessThan(1_500);
    end.resolve();
  });

  test("spends nothing on an upstream that is away, fails one task, and goes on when it is back", async () => {
    // Nobody listens there, and nobody else begins to.
    const source = await refreshedSource(service, "http://127.0.0.1:1");

    const ids = await source.enqueue(...keys(5));
    const tasks = await eventually(
      () => Promise.all(ids.map((id) => source.task(id))),
      (all) => all.some(({ state }) => state === "failed"),
    );

    expect(tasks.map(({ state }) => state)).toContain("queued");
    expect(tasks.find(({ state }) => state === "failed")).toMatchObject({
      error: { code: "UPSTREAM_UNREACHABLE" },
    });
    expect(await source.remaining()).toBe(60);
  }, 60_000);

  test("waits out a pause that the upstream asked for, loses no task, and goes on when it is ended", async () => {
    await using upstream = await countingUpstream();
    upstream.answer(json({}, 429, { "retry-after": "3600" }));
    const source = await refreshedSource(service, upstream.url, {
      rate_limit: { per_minute: 1 },
    });
    const ids = await source.enqueue("/a", "/b");
    await upstream.called(1);
    await eventually(
      () => source.task(ids[0] ?? ""),
      ({ state }) => state === "queued",
    );
    await pause(1_500);
    expect(upstream.calls).toHaveLength(1);

    upstream.answer(json({ n: 1 }));
    await service.send("PATCH", `/api/v1/sources/${source.id}`, {
      rate_limit: { per_minute: 60 },
    });
    const tasks = await ended(source, ids);

    expect(tasks.map(({ state }) => state)).toEqual(["succeeded", "succeeded"]);
  }, 60_000);

  test("leaves the store alone while nothing can be done", async () => {
    await using upstream = await countingUpstream();
    const source = await refreshedSource(service, upstream.url, {
      rate_limit: { per_minute: 1 },
    });
    await source.enqueue(...keys(5));
    await upstream.called(1);

    expect(await restingRate()).toBeLessThan(40);
  }, 60_000);
});

describe("the collecting job beside a source that was made again", () => {
  test("does not look in vain for tasks of the source before", async () => {
    await using upstream = await countingUpstream();
    const source = await refreshedSource(service, upstream.url);
    // As a task is that was put back after its source had gone.
    await service.sql`
      insert into tasks (id, source_id, space, key, key_hash, priority, state, told, queued_at)
      values (${`t_${crypto.randomUUID()}`}, ${source.id}, 's0', '/old', ${Buffer.from(source.id)}, 3,
        'queued', true, uc_now())`;

    await source.enqueue("/new");
    await upstream.called(1);

    expect(await restingRate()).toBeLessThan(40);
    await service.sql`delete from tasks where key = '/old'`;
  }, 60_000);
});

describe("the collecting job when it stops", () => {
  let upstream: CountingUpstream;
  let idle: TestService;

  beforeAll(async () => {
    upstream = await countingUpstream();
    idle = await testService({ worker: "off" });
  });
  afterAll(async () => {
    await idle[Symbol.asyncDispose]();
    await upstream[Symbol.asyncDispose]();
  });

  const options = { ...Collect.everything, laneWidth: 4, intervalMillis: 100 };
  /** Collects until `until` resolves, then stops as a process does. */
  const collect = (drainMillis: number, until: () => Promise<unknown>) =>
    idle.run(
      Effect.scoped(
        Effect.andThen(
          Layer.build(
            Collect.layer(options).pipe(Layer.provide(Background.layer(drainMillis))),
          ),
          Effect.promise(until),
        ),
      ),
    );

  test("lets what runs finish, and starts nothing new", async () => {
    const stopping = Promise.withResolvers<void>();
    upstream.answer(async (request, response) => {
      await stopping.promise;
      setTimeout(() => json({ n: 1 })(request, response), 300);
    });
    const source = await refreshedSource(idle, upstream.url);
    const ids = await source.enqueue(...keys(12));

    await collect(60_000, async () => {
      await upstream.called(upstream.calls.length + 4);
      stopping.resolve();
    });

    const states = await Promise.all(
      ids.map(async (id) => (await source.task(id)).state),
    );
    expect(states.filter((state) => state === "running")).toEqual([]);
    expect(states.filter((state) => state === "succeeded").length).toBeWithin(4, 9);
    expect(states).toContain("queued");
  });

  test("hands back what does not finish in time", async () => {
    upstream.answer(() => {});
    const source = await refreshedSource(idle, upstream.url);
    const ids = await source.enqueue(...keys(6));
    const before = upstream.calls.length;

    const { millis } = await timed(idle, () =>
      collect(200, () => upstream.called(before + 4)),
    );

    expect(millis).toBeLessThan(3_000);
    const states = await Promise.all(
      ids.map(async (id) => (await source.task(id)).state),
    );
    expect(states).toEqual(keys(6).map(() => "queued"));
  });
});
