/**
 * Reads.
 *
 * @module
 */
import { expect } from "bun:test";
import { until } from "../../end-to-end/client.ts";
import { json } from "../../support/counting-upstream.ts";
import { type Client, good, refused } from "../client.ts";
import { keyOf, type Stage, type Step } from "../step.ts";

const path = "/api/v1/cache/{source_id}/{key}";

export const entrySteps: readonly Step[] = [
  {
    title: "reads a key that nobody asked for yet, and its task",
    run: async ({ client, sourceId }) => {
      const params = { path: { source_id: sourceId, key: keyOf("first") } };
      const absent = await client.GET(path, { params });

      const queued = good(absent, 202);
      if (!("task_id" in queued)) throw new Error("Expected a task");
      expect(queued.key).toBe(keyOf("first"));
      expect(absent.response.headers.get("x-uc-task-id")).toBe(queued.task_id);
      const task = { params: { path: { task_id: queued.task_id } } };
      await until(
        async () => good(await client.GET("/api/v1/tasks/{task_id}", task), 200),
        ({ state }) => state === "succeeded",
      );
      const status = good(await client.GET("/api/v1/tasks/status/{task_id}", task), 200);
      expect([status.state, status.progress]).toEqual(["succeeded", 1]);
    },
  },
  {
    title: "reads the stored entry",
    run: async ({ client, sourceId }) => {
      const params = { path: { source_id: sourceId, key: keyOf("first") } };
      const read = await client.GET(path, { params });

      const entry = good(read, 200);
      if (!("meta" in entry)) throw new Error("Expected an entry");
      expect(entry.data).toMatchObject({ path: keyOf("first") });
      expect([entry.meta.stale, entry.meta.params]).toEqual([false, { name: "first" }]);
      expect(read.response.headers.get("x-uc-cache")).toBe("HIT");
      expect(read.response.headers.get("x-ratelimit-limit")).toBe("10000");
    },
  },
  {
    title: "has what it has confirmed by 304",
    run: async ({ client, sourceId }) => {
      const params = { path: { source_id: sourceId, key: keyOf("first") } };
      const read = await client.GET(path, { params });
      const etag = read.response.headers.get("etag") ?? "";
      const header = { "if-none-match": etag };
      const confirmed = await client.GET(path, { params: { ...params, header } });

      expect(confirmed.response.status).toBe(304);
      expect(confirmed.response.headers.get("etag")).toBe(etag);
    },
  },
  {
    title: "reads text, bytes, null and what the upstream has not",
    run: async (stage) => {
      stage.upstream.answer((request, response) => {
        const [status, type, body] = (
          {
            [keyOf("text")]: [200, "text/plain", "Grüße"],
            [keyOf("bytes")]: [200, "image/png", Uint8Array.of(0, 255, 128)],
            [keyOf("null")]: [200, "application/json", "null"],
          } as const
        )[request.url ?? ""] ?? [404, "application/json", '{"error":"none"}'];
        response.writeHead(status, { "content-type": type });
        response.end(body);
      });

      const [text, bytes, nothing, missing] = await Promise.all(
        ["text", "bytes", "null", "missing"].map((name) => readSoon(stage, keyOf(name))),
      );

      expect([text?.data, text?.meta.data_encoding]).toEqual(["Grüße", "text"]);
      expect([bytes?.data, bytes?.meta.data_encoding]).toEqual(["AP+A", "base64"]);
      expect([nothing?.data, nothing?.meta.data_encoding]).toEqual([null, "json"]);
      expect(missing?.meta.origin_status).toBe(404);
    },
  },
  {
    title: "waits for what is not there yet, and asks past the cache for what is",
    run: async ({ client, upstream, sourceId }) => {
      upstream.answer(json({ of: "now" }));
      const target = { source_id: sourceId, key: keyOf("awaited") };
      const awaited = await client.GET(path, {
        params: { path: target, header: { "x-uc-wait": "1", prefer: "wait=5" } },
      });
      const past = await client.GET(path, {
        params: { path: target, header: { "x-uc-bypass-cache": "true" } },
      });

      for (const answer of [awaited, past]) {
        expect(good(answer, 200)).toMatchObject({ data: { of: "now" } });
      }
      expect(awaited.response.headers.get("x-uc-cache")).toBe("MISS");
      expect(past.response.headers.get("x-uc-cache")).toBe("BYPASS");
    },
  },
  {
    title: "is told that it can't have both: the cache only, and past the cache",
    run: async ({ client, sourceId }) => {
      const both = await client.GET(path, {
        params: {
          path: { source_id: sourceId, key: keyOf("first") },
          header: { "x-uc-cache-only": "1", "x-uc-bypass-cache": "1" },
        },
      });

      expect(refused(both, 400).code).toBe("MALFORMED");
    },
  },
  {
    title: "reads from the cache only",
    run: async ({ client, sourceId }) => {
      const header = { "x-uc-cache-only": "true" as const };
      const ask = (name: string) =>
        client.GET(path, {
          params: { path: { source_id: sourceId, key: keyOf(name) }, header },
        });

      expect(refused(await ask("nobody-asked"), 404).code).toBe("ENTRY_NOT_FOUND");
      good(await ask("first"), 200);
    },
  },
  {
    title: "is told why a key can't be read",
    run: async ({ client, sourceId }) => {
      const ask = (source_id: string, key: string) =>
        client.GET(path, { params: { path: { source_id, key } } });

      expect(refused(await ask("nowhere", "/a"), 404).code).toBe("SOURCE_NOT_FOUND");
      expect(refused(await ask(sourceId, "/other/a"), 422).code).toBe(
        "VALIDATION_FAILED",
      );
      expect(refused(await ask(sourceId, "/items/.."), 400).code).toBe("MALFORMED");
    },
  },
  {
    title: "is told that the upstream fails, or is too slow",
    run: async (stage) => {
      stage.upstream.answer((request, response) => {
        if (request.url === keyOf("refused")) json({}, 403)(request, response);
      });

      const failed = await failsSoon(stage, keyOf("refused"));
      const late = await failsSoon(stage, keyOf("slow"));

      expect([failed.status, failed.code]).toEqual([502, "UPSTREAM_FAILED"]);
      expect([late.status, late.code]).toEqual([504, "UPSTREAM_TIMEOUT"]);
    },
  },
  {
    title: "is told that its token is none",
    run: async ({ client, sourceId }) => {
      const params = { path: { source_id: sourceId, key: keyOf("first") } };
      const headers = { authorization: "Bearer nobody" };
      const read = await client.GET(path, { params, headers });

      expect(refused(read, 401).code).toBe("AUTHENTICATION_REQUIRED");
      expect(read.response.headers.get("www-authenticate")).toStartWith("Bearer");
    },
  },
];

/** The entry, once it is stored. */
async function readSoon({ client, sourceId }: Stage, key: string) {
  const { data } = await until(
    () => readOnce(client, sourceId, key),
    ({ response }) => response.status === 200,
  );
  if (data === undefined || !("meta" in data)) throw new Error("Expected an entry");
  return data;
}

/** The problem, once there is nothing else to answer. */
async function failsSoon({ client, sourceId }: Stage, key: string) {
  const answer = await until(
    () => readOnce(client, sourceId, key),
    ({ response }) => response.status >= 500,
  );
  expect(answer.response.headers.get("retry-after")).toMatch(/^[1-9]\d*$/);
  return refused(answer, answer.response.status);
}

const readOnce = (client: Client, source_id: string, key: string) =>
  client.GET(path, { params: { path: { source_id, key } } });
