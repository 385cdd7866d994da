import { afterAll, describe, expect, test } from "bun:test";
import * as Effect from "effect/Effect";
import { createServer } from "node:net";
import { TaskSchema } from "../../src/http/routes/refresh/task-schema.ts";
import { SourceStore } from "../../src/services/source/source-store.ts";
import { Transaction } from "../../src/services/transaction.ts";
import { serve } from "../adapters/upstream/raw-server.ts";
import { json } from "../support/counting-upstream.ts";
import { eventually, jsonOf, testService } from "../support/service.ts";
import { timed } from "../support/moving-clock.ts";
import { MINUTE, MOST_ATTEMPTS, weatherService } from "./weather.ts";

/** No worker: what is collected, a run by hand has collected. */
const weather = await weatherService({ worker: "off" });
const { answers, callsOf, read, service, source, tasksOf } = weather;
afterAll(() => weather[Symbol.asyncDispose]());

const run = (body?: object, query = "") =>
  body === undefined
    ? service.request(`/api/v1/tasks/run${query}`, { method: "POST" })
    : service.send("POST", `/api/v1/tasks/run${query}`, body);
const cities = (count: number) =>
  Array.from({ length: count }, (_, n) => `/weather/city-${n}`);
const prefetch = (id: string, keys: readonly string[]) =>
  service.send("POST", `/api/v1/cache/${id}/prefetch`, { keys });

describe("POST /api/v1/tasks/run", () => {
  test("queues the keys, collects them, and reports field for field", async () => {
    await source("run");
    const since = performance.now();
    const response = await run({ source_id: "run", keys: cities(2) });
    const took = performance.now() - since;
    const { duration_ms, prefetch: queued, ...report } = await jsonOf(response);
    expect(response.status).toBe(200);
    expect(duration_ms).toBeWithin(0, took + 1);
    expect(queued).toEqual({
      enqueued: 2,
      duplicates: 0,
      idempotent_rejects: 0,
      task_ids: [expect.stringMatching(/^t_/), expect.stringMatching(/^t_/)],
    });
    expect(report).toEqual({
      ok: true,
      processed_sources: 1,
      per_source: { run: { dequeued: 2, updated: 2, not_modified: 0, errors: 0 } },
      endpoint: "tasks-run",
      source_id: "run",
      debug: {
        queue_len_before: 0,
        queue_len_after_enqueue: 2,
        queue_len_after_run: 0,
        run_opts: { source_id: "run", maxPerSource: 20, timeBudgetMs: 5_000 },
      },
    });
  });

  test("counts what is not modified and what fails", async () => {
    await source("run-mixed");
    const tagged = json({ n: 1 }, 200, { etag: '"a"' });
    answers.set("run-mixed", (request, response) => {
      if (request.url?.endsWith("/city-1") === true)
        return json({}, 400)(request, response);
      if (request.headers["if-none-match"] !== '"a"') return tagged(request, response);
      response.writeHead(304).end();
    });
    await run({ source_id: "run-mixed", keys: cities(1) });
    const report = await jsonOf(await run({ source_id: "run-mixed", keys: cities(3) }));
    expect(report.per_source["run-mixed"]).toEqual({
      dequeued: 3,
      updated: 1,
      not_modified: 1,
      errors: 1,
    });
  });

  test("skips the keys where something waits already", async () => {
    await source("run-waiting");
    await prefetch("run-waiting", ["/weather/first"]);
    const report = await jsonOf(await run({ source_id: "run-waiting", keys: cities(2) }));
    expect(report.prefetch).toBeUndefined();
    expect(report.debug).toMatchObject({
      queue_len_before: 1,
      queue_len_after_enqueue: 1,
      queue_len_after_run: 0,
    });
    expect(callsOf("run-waiting")).toHaveLength(1);
  });

  test("takes no more than max_per_source", async () => {
    await source("run-most");
    await prefetch("run-most", cities(5));
    const report = await jsonOf(await run({ source_id: "run-most", max_per_source: 3 }));
    expect(report.per_source["run-most"]?.dequeued).toBe(3);
    expect(report.debug.queue_len_after_run).toBe(2);
  });

  test("keeps within the quota, and queues what calls are not free for", async () => {
    await source("run-spent", { rate_limit: { per_minute: 2 } });
    const report = await jsonOf(await run({ source_id: "run-spent", keys: cities(5) }));
    expect(report.per_source["run-spent"]?.dequeued).toBe(2);
    expect(report.debug).toMatchObject({
      queue_len_after_enqueue: 5,
      queue_len_after_run: 3,
    });
    expect(callsOf("run-spent")).toHaveLength(2);
    expect((await run({ source_id: "run-spent" })).status).toBe(200);
    expect(callsOf("run-spent")).toHaveLength(2);
  });

  test("begins nothing after its time budget", async () => {
    await source("run-slow", { rate_limit: { per_minute: 1_000, per_second: 1 } });
    answers.set("run-slow", (request, response) => {
      setTimeout(() => json({ n: 1 })(request, response), 300);
    });
    await prefetch("run-slow", cities(8));
    const { value: response, millis } = await timed(service, () =>
      run({ source_id: "run-slow", time_budget_ms: 3_500 }),
    );
    const report = await jsonOf(response);
    const { dequeued, updated } = report.per_source["run-slow"];
    // One at once, and one more with each second.
    expect(dequeued).toBeWithin(2, 5);
    expect(updated).toBe(dequeued);
    expect(report.debug.queue_len_after_run).toBe(8 - dequeued);
    expect(callsOf("run-slow")).toHaveLength(dequeued);
    expect(millis).toBeLessThan(5_000);
  });

  test("leaves slow ones to go on after one call's time", async () => {
    await source("run-hanging", { timeout_ms: 2_000 });
    answers.set("run-hanging", () => {});
    const { value: response, millis } = await timed(service, () =>
      run({ source_id: "run-hanging", keys: cities(1), time_budget_ms: 2_000 }),
    );
    const report = await jsonOf(response);
    // It is tried again, and has not failed yet.
    const underWay = { dequeued: 1, updated: 0, not_modified: 0, errors: 0 };
    expect(report.per_source["run-hanging"]).toEqual(underWay);
    expect(millis).toBeLessThan(5_500);
  });

  test("without a body gives every source its turn", async () => {
    await source("run-all");
    await read("run-all");
    const report = await jsonOf(await run());
    expect(report.source_id).toBeNull();
    expect(report.per_source["run-all"]?.updated).toBe(1);
    expect(report.processed_sources).toBe(Object.keys(report.per_source).length);
    expect(report.per_source["run-most"]).toBeDefined();
  });

  test("takes its options from the query, and from the body before that", async () => {
    await source("run-query");
    const query = "?source_id=run-all&max_per_source=7&time_budget_ms=900";
    const { debug } = await jsonOf(await run({ source_id: "run-query" }, query));
    expect(debug.run_opts).toEqual({
      source_id: "run-query",
      maxPerSource: 7,
      timeBudgetMs: 900,
    });
  });

  test("two at once do no task twice", async () => {
    await source("run-twice");
    await prefetch("run-twice", cities(20));
    const reports = await Promise.all(
      [1, 2].map(async () => jsonOf(await run({ source_id: "run-twice" }))),
    );
    const dequeued = reports.map(({ per_source }) => per_source["run-twice"].dequeued);
    expect(dequeued.reduce((sum, count) => sum + count)).toBe(20);
    expect(callsOf("run-twice")).toHaveLength(20);
  });

  test.each([
    ["an unknown source", { source_id: "nobody" }, 404, undefined],
    ["max_per_source of 0", { max_per_source: 0 }, 422, "max_per_source"],
    ["a time budget that is too long", { time_budget_ms: 50_001 }, 422, "time_budget_ms"],
    ["keys without a source", { keys: cities(1) }, 422, "source_id"],
    ["a bad key", { source_id: "run", keys: ["/other"] }, 422, "keys[0]"],
    ["no keys", { source_id: "run", keys: [] }, 422, "keys"],
    ["an unknown field", { maxPerSource: 1 }, 422, "maxPerSource"],
  ])("%s: refused", async (_, body, status, field) => {
    const response = await run(body);
    expect(response.status).toBe(status);
    const problem = await jsonOf(response);
    expect(problem.errors?.[0].field).toBe(field);
  });

  test.each([
    ...[
      "abc",
      "0x10",
      "1e1",
      "%205",
      "5%20",
      "+5",
      "-1",
      "1.0",
      "",
      "0",
      "1001",
      "%D9%A5",
    ].map((value) => ["max_per_source", value] as const),
    ...["0xff", "1e3", "50001", "99999999999"].map(
      (value) => ["time_budget_ms", value] as const,
    ),
  ])("%s=%s in the query: 422", async (name, value) => {
    const response = await run(undefined, `?${name}=${value}`);

    expect(response.status).toBe(422);
    expect((await jsonOf(response)).errors[0].field).toBe(name);
  });

  test("a failed task names one of the codes that the document lists", async () => {
    await source("run-code");
    answers.set("run-code", json({}, 400));
    const { prefetch: queued } = await jsonOf(
      await run({ source_id: "run-code", keys: cities(1) }),
    );

    const task = await jsonOf(
      await service.request(`/api/v1/tasks/${queued.task_ids[0]}`),
    );

    expect(task.error.code).toBe("UPSTREAM_STATUS");
    expect(TaskSchema.safeParse(task).success).toBe(true);
  });
});

describe("a run while its source is changed", () => {
  const change = (id: string, patch: object) =>
    service.send("PATCH", `/api/v1/sources/${id}`, patch);
  const called = (id: string, count: number) =>
    eventually(
      async () => callsOf(id).length,
      (calls) => calls >= count,
    );

  test("goes by the limit that is in force now", async () => {
    for (let attempt = 1; ; attempt++) {
      const id = `run-limit-${attempt}`;
      await source(id, { rate_limit: { per_minute: 600, per_second: 2 } });
      const running = run({ source_id: id, keys: cities(9), time_budget_ms: 2_500 });
      await called(id, 2);
      const since = callsOf(id)[0]?.at ?? 0;
      const changed = await change(id, { rate_limit: { per_minute: 1 } });
      const took = Date.now() - since;
      const report = await jsonOf(await running);
      expect(changed.status).toBe(200);
      // The next second's calls may have begun before the change.
      if (took > 800 && attempt < MOST_ATTEMPTS) continue;
      expect(report.per_source[id]?.dequeued).toBe(2);
      expect(callsOf(id)).toHaveLength(2);
      break;
    }
  });

  test("admits the keys that are admitted now", async () => {
    await source("run-template", { rate_limit: { per_minute: 600, per_second: 1 } });
    const keys = cities(3);
    const running = run({ source_id: "run-template", keys, time_budget_ms: 20_000 });
    await called("run-template", 1);
    await change("run-template", { key_template: "/{{kind}}/{{city}}" });
    const { task_ids } = await jsonOf(
      await service.send("POST", "/api/v1/cache/run-template/prefetch", {
        keys: ["/air/Oslo"],
        priority: "high",
      }),
    );
    const report = await jsonOf(await running);
    expect(report.per_source["run-template"]).toMatchObject({ updated: 2, errors: 0 });
    const task = await jsonOf(await service.request(`/api/v1/tasks/${task_ids[0]}`));
    expect(task.state).toBe("succeeded");
  });
});

describe("a run over an upstream that accepts and says nothing", () => {
  test("ends with its time budget", async () => {
    await using upstream = await serve(() => {}, createServer(), "https", "127.0.0.1");
    const base_url = `https://127.0.0.1:${upstream.origin.port}`;
    await source("run-silent", { base_url, timeout_ms: 4_000 });
    const { value: response, millis } = await timed(service, () =>
      run({ source_id: "run-silent", keys: cities(1), time_budget_ms: 300 }),
    );
    const report = await jsonOf(response);
    expect(report.duration_ms).toBeGreaterThanOrEqual(250);
    expect(millis).toBeLessThan(1_500);
    expect(report.debug.queue_len_after_run).toBe(1);
  });
});

describe("a run over more sources than the store takes questions at once", () => {
  test("gives each its turn", async () => {
    // What the others have left would be waited for.
    await service.sql`delete from tasks`;
    await source("run-many");
    await prefetch("run-many", cities(1));
    await copySource("run-many", 1_100);
    await using other = await testService({ worker: "off", address: service.address });
    const path = "/api/v1/tasks/run?time_budget_ms=50000";
    const response = await other.request(path, { method: "POST" });
    const report = await jsonOf(response);
    expect([response.status, report.processed_sources > 1_100]).toEqual([200, true]);
    expect(report.per_source["run-many"]).toMatchObject({ dequeued: 1, updated: 1 });
  });

  /** Few enough for the time that a transaction has. */
  const AT_ONCE = 50;
  /** As if they had been made before the next process starts. */
  const copySource = (id: string, copies: number) =>
    service.run(
      Effect.gen(function* () {
        const store = yield* SourceStore;
        const { together } = yield* Transaction;
        const settings = yield* store.find(id);
        if (settings === undefined) throw new Error("Expected the source");
        const copy = Effect.fnUntraced(function* (n: number) {
          const one = { ...settings, id: `${id}-${n}`, epoch: yield* store.newEpoch };
          yield* store.insert(one.id, one.epoch, one);
        });
        for (let from = 0; from < copies; from += AT_ONCE) {
          const numbers = Array.from({ length: AT_ONCE }, (_, n) => from + n);
          yield* together("test", Effect.forEach(numbers, copy, { discard: true }));
        }
      }),
    );
});

describe("where no worker runs", () => {
  test("what is only queued waits, and who waits is served", async () => {
    await source("no-worker");
    await read("no-worker", {}, "/weather/queued");
    const response = await read("no-worker", { "X-UC-Wait": "1" });
    expect(response.status).toBe(200);
    const [queued] = await tasksOf("no-worker");
    expect(queued?.state).toBe("queued");
    expect(callsOf("no-worker")).toHaveLength(1);
  });

  test("an entry past its TTL is refreshed for who waits", async () => {
    await source("no-worker-stale");
    await run({ source_id: "no-worker-stale", keys: ["/weather/Oslo"] });
    await service.age(15 * MINUTE);
    const response = await read("no-worker-stale", { "X-UC-Wait": "1" });
    expect(response.headers.get("X-UC-Cache")).toBe("MISS");
  });
});
