/**
 * Sources: what a client makes before it can read, and takes away at the end.
 *
 * @module
 */
import { expect } from "bun:test";
import { good, refused } from "../client.ts";
import type { Step } from "../step.ts";

export const firstSourceSteps: readonly Step[] = [
  {
    title: "creates a source",
    run: async ({ client, upstream, sourceId }) => {
      const created = await client.POST("/api/v1/sources", {
        body: {
          id: sourceId,
          base_url: upstream.url,
          key_template: "/items/{{name}}",
          default_headers: { Authorization: "Bearer upstream-secret" },
          rate_limit: { per_minute: 10_000 },
          cache_ttl_s: 3_600,
          timeout_ms: 500,
          name: null,
        },
      });

      const source = good(created, 201);
      expect(source.name).toBe(sourceId);
      expect(source.default_headers).toEqual({ Authorization: "***" });
      expect(created.response.headers.get("location")).toBe(
        `/api/v1/sources/${sourceId}`,
      );
    },
  },
  {
    title: "is told that the id is taken",
    run: async ({ client, upstream, sourceId }) => {
      const again = await client.POST("/api/v1/sources", {
        body: { id: sourceId, base_url: upstream.url, key_template: "/{{path*}}" },
      });

      expect(refused(again, 409).code).toBe("SOURCE_EXISTS");
    },
  },
  {
    title: "is told which field is wrong",
    run: async ({ client, upstream, sourceId }) => {
      const wrong = await client.POST("/api/v1/sources", {
        body: {
          id: `${sourceId}-2`,
          base_url: upstream.url,
          key_template: "/{{path*}}",
          rate_limit: { per_minute: 5, burst: 6 },
        },
      });

      const problem = refused(wrong, 422);
      expect(problem.errors?.map(({ field }) => field)).toEqual(["rate_limit.burst"]);
      // @ts-expect-error: the generated types know a problem's members, and this is none.
      expect(problem.reason).toBeUndefined();
    },
  },
  {
    title: "lists the sources and reads one",
    run: async ({ client, sourceId }) => {
      const params = { path: { source_id: sourceId } };
      const list = good(await client.GET("/api/v1/sources"), 200);
      const one = good(await client.GET("/api/v1/sources/{source_id}", { params }), 200);

      expect(list.find(({ id }) => id === sourceId)).toEqual(one);
    },
  },
  {
    title: "changes a source, and resets a field by null",
    run: async ({ client, sourceId }) => {
      const params = { path: { source_id: sourceId } };
      const path = "/api/v1/sources/{source_id}";
      const changed = good(
        await client.PATCH(path, { params, body: { name: "Items", rate_limit: null } }),
        200,
      );
      const raised = good(
        await client.PATCH(path, {
          params,
          body: { rate_limit: { per_minute: 10_000 } },
        }),
        200,
      );

      expect([changed.name, changed.rate_limit.per_minute]).toEqual(["Items", 5]);
      expect(raised.rate_limit).toEqual({ per_minute: 10_000 });
    },
  },
  {
    title: "asks for a source that is not there",
    run: async ({ client }) => {
      const params = { path: { source_id: "nowhere" } };
      const path = "/api/v1/sources/{source_id}";
      const read = await client.GET(path, { params });
      const changed = await client.PATCH(path, { params, body: { name: "x" } });
      const deleted = await client.DELETE(path, { params });

      for (const answer of [read, changed, deleted]) {
        expect(refused(answer, 404).code).toBe("SOURCE_NOT_FOUND");
      }
    },
  },
  {
    title: "gets a problem by its own content type where it asks for it",
    run: async ({ client }) => {
      const answer = await client.GET("/api/v1/sources/{source_id}", {
        params: { path: { source_id: "nowhere" } },
        headers: { accept: "application/problem+json" },
      });

      expect(refused(answer, 404).status).toBe(404);
      expect(answer.response.headers.get("content-type")).toBe(
        "application/problem+json",
      );
    },
  },
];

export const lastSourceSteps: readonly Step[] = [
  {
    title: "deletes the source",
    run: async ({ client, sourceId }) => {
      const params = {
        path: { source_id: sourceId },
        query: { keep_cache: "0" as const },
      };
      const path = "/api/v1/sources/{source_id}";
      const deleted = await client.DELETE(path, { params });
      const again = await client.DELETE(path, { params });

      expect(deleted.response.status).toBe(204);
      expect(refused(again, 404).code).toBe("SOURCE_NOT_FOUND");
    },
  },
];
