/**
 * `POST /api/v1/cache/{source_id}/prefetch`
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import * as Result from "effect/Result";
import { PRIORITY } from "../../../domain/refresh/task.ts";
import { prefetch, type Prefetched } from "../../../services/refresh/prefetch.ts";
import { answered, bodyOf } from "../../json-content.ts";
import { problem, problemResponses } from "../../problems.ts";
import type { Responds } from "../../respond.ts";
import { type Api, declareRoute, serve } from "../../route.ts";
import { keysSchema } from "../entry/keys-schema.ts";
import { SourceIdParam } from "../source/source-schema.ts";
import { TaskIdSchema } from "./task-schema.ts";

const MOST_KEYS = 10_000;
const MOST_BODY_MIB = 10;

const PrefetchSchema = z
  .strictObject({
    keys: keysSchema(MOST_KEYS),
    priority: z
      .enum(["low", "normal", "high"], "Must be low, normal or high")
      .default("normal"),
  })
  .openapi("Prefetch");

const PrefetchedSchema = z
  .object({
    task_ids: z
      .array(TaskIdSchema)
      .openapi({ description: "One for each key, in their order, each once" }),
    enqueued: z.int().openapi({ description: "Keys that were queued now", example: 2 }),
    duplicates: z.int().openapi({
      description: "Keys that were queued or running before, or named more than once",
      example: 0,
    }),
    results: z.array(
      z.object({
        key: z.string().openapi({ example: "/weather/Shanghai" }),
        task_id: TaskIdSchema,
        duplicate: z.boolean(),
      }),
    ),
  })
  .openapi("Prefetched");

const route = declareRoute(
  { needs: "update", restricted: "source", idempotent: true, maxBodyMiB: MOST_BODY_MIB },
  {
    method: "post",
    path: "/api/v1/cache/{source_id}/prefetch",
    tags: ["Refreshing"],
    summary: "Refresh many entries",
    description:
      "Queues a refresh of each key, fresh ones too: all of them, or none where the queue has no room. A key that is queued already is promoted to the better priority.",
    operationId: "prefetch",
    request: {
      params: SourceIdParam,
      body: bodyOf(PrefetchSchema),
    },
    responses: {
      202: answered("Queued", PrefetchedSchema),
      ...problemResponses(
        "Malformed",
        "NotAuthenticated",
        "NotPermitted",
        "SourceNotFound",
        "Invalid",
        "QueueFull",
        "StoreUnavailable",
      ),
    },
  },
);

export function prefetchRoute(api: Api) {
  serve(api, route, async (c): Responds<typeof route> => {
    const { source_id } = c.req.valid("param");
    const { keys, priority } = c.req.valid("json");

    const run = await api.run(prefetch(source_id, keys, PRIORITY[priority]));

    if (Result.isFailure(run)) return problem(c, run.failure);
    const results = run.success.map(({ key, taskId, made }) => ({
      key,
      task_id: taskId,
      duplicate: !made,
    }));
    return c.json({ ...summaryOf(run.success), results }, 202);
  });
}

export function summaryOf(prefetched: readonly Prefetched[]) {
  const enqueued = prefetched.filter(({ made }) => made).length;
  return {
    task_ids: [...new Set(prefetched.map(({ taskId }) => taskId))],
    enqueued,
    duplicates: prefetched.length - enqueued,
  };
}
