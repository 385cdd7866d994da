/**
 * `POST /api/v1/tasks/run`
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import * as Result from "effect/Result";
import { type RunReport, runTasks } from "../../../services/refresh/run-tasks.ts";
import { Invalid } from "../../../services/errors.ts";
import { refusedFor } from "../../authorize.ts";
import { answered, optionalBodyOf } from "../../json-content.ts";
import { problem, problemResponses } from "../../problems.ts";
import type { Responds } from "../../respond.ts";
import { type Api, declareRoute, serve } from "../../route.ts";
import { wholeNumber } from "../../whole-number.ts";
import { keysSchema } from "../entry/keys-schema.ts";
import { summaryOf } from "./prefetch.ts";
import { TaskIdSchema } from "./task-schema.ts";

const MOST_KEYS = 1_000;
const MOST_BUDGET_MILLIS = 50_000;
const DEFAULT_PER_SOURCE = 20;
const DEFAULT_BUDGET_MILLIS = 5_000;

const perSource = z.int().min(1).max(MOST_KEYS);
const budget = z.int().min(1).max(MOST_BUDGET_MILLIS);
const description = {
  source: "Run this source alone; without it every source takes its turn",
  perSource: `The most tasks to take of each source; ${DEFAULT_PER_SOURCE} without it`,
  budget: `Begin nothing after this many milliseconds; ${DEFAULT_BUDGET_MILLIS} without it`,
};

const RunSchema = z
  .strictObject({
    source_id: z
      .string()
      .optional()
      .openapi({ description: description.source, example: "weather" }),
    keys: keysSchema(MOST_KEYS).optional().openapi({
      description: "Queued first, where `source_id` is given and its queue is empty",
    }),
    max_per_source: perSource
      .optional()
      .openapi({ description: description.perSource, example: DEFAULT_PER_SOURCE }),
    time_budget_ms: budget
      .optional()
      .openapi({ description: description.budget, example: DEFAULT_BUDGET_MILLIS }),
  })
  .openapi("Run");

const QuerySchema = z.object({
  source_id: z
    .string()
    .optional()
    .openapi({ description: description.source, example: "weather" }),
  max_per_source: wholeNumber(1, MOST_KEYS).optional().openapi({
    description: description.perSource,
    example: DEFAULT_PER_SOURCE,
  }),
  time_budget_ms: wholeNumber(1, MOST_BUDGET_MILLIS).optional().openapi({
    description: description.budget,
    example: DEFAULT_BUDGET_MILLIS,
  }),
});

const CountSchema = z.object({
  dequeued: z.int().openapi({ example: 2 }),
  updated: z.int().openapi({ example: 1 }),
  not_modified: z.int().openapi({ example: 1 }),
  errors: z.int().openapi({ example: 0 }),
});

const RunReportSchema = z
  .object({
    ok: z.literal(true),
    processed_sources: z.int().openapi({ example: 1 }),
    per_source: z.record(z.string(), CountSchema).openapi({
      description: "By the source's id",
      example: { weather: { dequeued: 2, updated: 1, not_modified: 1, errors: 0 } },
    }),
    duration_ms: z.int().openapi({ example: 1_234 }),
    endpoint: z.literal("tasks-run"),
    source_id: z.string().nullable().openapi({ example: "weather" }),
    prefetch: z
      .object({
        enqueued: z.int().openapi({ example: 2 }),
        duplicates: z.int().openapi({ example: 0 }),
        idempotent_rejects: z.int().openapi({ example: 0 }),
        task_ids: z.array(TaskIdSchema),
      })
      .optional()
      .openapi({ description: "Where `keys` were queued" }),
    debug: z.object({
      queue_len_before: z.int().openapi({ example: 0 }),
      queue_len_after_enqueue: z.int().openapi({ example: 2 }),
      queue_len_after_run: z.int().openapi({ example: 0 }),
      run_opts: z.object({
        source_id: z.string().nullable().openapi({ example: "weather" }),
        maxPerSource: z.int().openapi({ example: DEFAULT_PER_SOURCE }),
        timeBudgetMs: z.int().openapi({ example: DEFAULT_BUDGET_MILLIS }),
      }),
    }),
  })
  .openapi("RunReport");

const route = declareRoute(
  { needs: "admin", restricted: "narrowed", idempotent: true },
  {
    method: "post",
    path: "/api/v1/tasks/run",
    tags: ["Tasks"],
    summary: "Run a collection cycle by hand",
    description:
      "Takes queued refreshes within each source's quota, and waits for those it began. What the body names wins over the query.",
    operationId: "runTasks",
    request: {
      query: QuerySchema,
      body: optionalBodyOf(RunSchema),
    },
    responses: {
      200: answered("What was done", RunReportSchema),
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

export function runTasksRoute(api: Api) {
  serve(api, route, async (c): Responds<typeof route> => {
    const { keys, ...body } = c.req.valid("json");
    const asked = { ...c.req.valid("query"), ...body };
    const sourceId = asked.source_id;
    if (keys !== undefined && sourceId === undefined) {
      const problems = [{ field: "source_id", message: "Must be given with keys" }];
      return problem(c, new Invalid({ problems }));
    }
    const refused = refusedFor(c, sourceId);
    if (refused !== undefined) return problem(c, refused);
    const request = {
      sourceId,
      items: keys,
      maxPerSource: asked.max_per_source ?? DEFAULT_PER_SOURCE,
      timeBudgetMillis: asked.time_budget_ms ?? DEFAULT_BUDGET_MILLIS,
    };

    const run = await api.run(runTasks(request));

    if (Result.isFailure(run)) return problem(c, run.failure);
    const report = run.success;
    const source_id = sourceId ?? null;
    return c.json(
      {
        ok: true as const,
        processed_sources: report.perSource.size,
        per_source: perSourceOf(report),
        duration_ms: report.durationMillis,
        endpoint: "tasks-run" as const,
        source_id,
        ...(report.prefetched === undefined
          ? {}
          : { prefetch: { ...summaryOf(report.prefetched), idempotent_rejects: 0 } }),
        debug: {
          queue_len_before: report.queuedBefore,
          queue_len_after_enqueue: report.queuedAfterEnqueue,
          queue_len_after_run: report.queuedAfter,
          run_opts: {
            source_id,
            maxPerSource: request.maxPerSource,
            timeBudgetMs: request.timeBudgetMillis,
          },
        },
      },
      200,
    );
  });
}

const perSourceOf = ({ perSource }: RunReport) =>
  Object.fromEntries(
    [...perSource].map(([id, { dequeued, updated, notModified, errors }]) => [
      id,
      { dequeued, updated, not_modified: notModified, errors },
    ]),
  );
