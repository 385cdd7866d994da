/**
 * Refreshing, and the tasks that come of it.
 *
 * @module
 */
import { expect } from "bun:test";
import { json } from "../../support/counting-upstream.ts";
import { good, refused } from "../client.ts";
import { keyOf, type Step } from "../step.ts";

const refresh = "/api/v1/cache/{source_id}/{key}/refresh";
const invalidate = "/api/v1/cache/{source_id}/{key}/invalidate";
const read = "/api/v1/cache/{source_id}/{key}";

export const refreshSteps: readonly Step[] = [
  {
    title: "refreshes an entry and waits for it",
    run: async ({ client, upstream, sourceId }) => {
      upstream.answer(json({ refreshed: true }));
      const refreshed = await client.POST(refresh, {
        params: {
          path: { source_id: sourceId, key: keyOf("first") },
          header: { "x-uc-wait": "1" },
        },
      });

      expect(good(refreshed, 200)).toMatchObject({ data: { refreshed: true } });
    },
  },
  {
    title: "invalidates an entry once, though it says so twice",
    run: async ({ client, sourceId }) => {
      const ask = () =>
        client.POST(invalidate, {
          params: {
            path: { source_id: sourceId, key: keyOf("first") },
            header: { "Idempotency-Key": `${sourceId}-invalidate` },
          },
        });
      const first = await ask();
      const again = await ask();

      expect([first.response.status, again.response.status]).toEqual([204, 204]);
      expect(first.response.headers.get("x-uc-deleted")).toBe("1");
      expect(again.response.headers.get("x-uc-deleted")).toBe("1");
      expect(again.response.headers.get("idempotent-replayed")).toBe("true");
    },
  },
  {
    title: "makes an entry a fallback",
    run: async ({ client, upstream, sourceId }) => {
      upstream.answer(json({ soft: true }));
      const path = { source_id: sourceId, key: keyOf("soft") };
      good(
        await client.GET(read, { params: { path, header: { "x-uc-wait": "1" } } }),
        200,
      );
      const soft = await client.POST(invalidate, {
        params: { path, query: { soft: "1" } },
      });
      const fallback = await client.GET(read, {
        params: { path, header: { "x-uc-cache-only": "true" } },
      });

      expect(soft.response.status).toBe(204);
      expect(good(fallback, 200)).toMatchObject({ meta: { stale: true } });
    },
  },
  {
    title: "runs a cycle by hand, of its own source and of all",
    run: async ({ client, sourceId }) => {
      const run = good(
        await client.POST("/api/v1/tasks/run", {
          params: { query: { time_budget_ms: 1 } },
          body: {
            source_id: sourceId,
            keys: [keyOf("run"), { name: "run" }],
            time_budget_ms: 5_000,
          },
        }),
        200,
      );
      const all = good(await client.POST("/api/v1/tasks/run", {}), 200);

      expect(run.per_source[sourceId]).toMatchObject({ updated: 1, errors: 0 });
      expect([run.prefetch?.enqueued, run.prefetch?.duplicates]).toEqual([1, 1]);
      expect(run.debug.run_opts.timeBudgetMs).toBe(5_000);
      expect([all.ok, all.prefetch]).toEqual([true, undefined]);
    },
  },
  {
    title: "queues what no call is left for, and takes it back",
    run: async ({ client, upstream, sourceId }) => {
      const source_id = `${sourceId}-narrow`;
      const created = await client.POST("/api/v1/sources", {
        body: {
          id: source_id,
          base_url: upstream.url,
          key_template: "/items/{{name}}",
          rate_limit: { per_minute: 1 },
          max_queue: 1,
        },
        params: { header: { "Idempotency-Key": `${source_id}-create` } },
      });
      good(created, 201);
      const path = { source_id, key: keyOf("only") };
      good(
        await client.GET(read, { params: { path, header: { "x-uc-wait": "1" } } }),
        200,
      );

      const queued = good(await client.POST(refresh, { params: { path } }), 202);
      if (!("task_id" in queued)) throw new Error("Expected a task");
      const again = refused(await client.POST(refresh, { params: { path } }), 409);
      const full = await client.GET(read, {
        params: { path: { ...path, key: keyOf("x") } },
      });
      const query = { state: "queued" as const, source_id, limit: 10 };
      const tasks = good(await client.GET("/api/v1/tasks", { params: { query } }), 200);
      const params = { path: { task_id: queued.task_id } };
      const cancelled = good(
        await client.DELETE("/api/v1/tasks/{task_id}", { params }),
        200,
      );
      const late = refused(
        await client.DELETE("/api/v1/tasks/{task_id}", { params }),
        409,
      );

      expect([again.code, again.task_id]).toEqual(["REFRESH_UNFINISHED", queued.task_id]);
      expect(refused(full, 429).code).toBe("QUEUE_FULL");
      expect(Number(full.response.headers.get("retry-after"))).toBeGreaterThan(0);
      expect(tasks.items.map(({ task_id }) => task_id)).toEqual([queued.task_id]);
      expect([cancelled.state, cancelled.error?.code]).toEqual(["failed", "CANCELLED"]);
      expect(late.code).toBe("TASK_NOT_QUEUED");
      await client.DELETE("/api/v1/sources/{source_id}", {
        params: { path: { source_id } },
      });
    },
  },
  {
    title: "asks for a task that is not there",
    run: async ({ client }) => {
      const params = { path: { task_id: "t_nothing" } };
      const read = await client.GET("/api/v1/tasks/{task_id}", { params });
      const status = await client.GET("/api/v1/tasks/status/{task_id}", { params });

      for (const answer of [read, status]) {
        expect(refused(answer, 404).code).toBe("TASK_NOT_FOUND");
      }
    },
  },
];
