/**
 * `POST /api/v1/cache/{source_id}/{key}/refresh`
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import type { Context } from "hono";
import { freshnessAt } from "../../../domain/entry/freshness.ts";
import type { Budget } from "../../../domain/quota/budget.ts";
import type { Source } from "../../../domain/source/source.ts";
import type { Held } from "../../../services/entry/entry-memory.ts";
import { readMeta } from "../../../services/entry/read-meta.ts";
import { knownBudget } from "../../../services/quota/known-budget.ts";
import { refreshEntry } from "../../../services/refresh/refresh-entry.ts";
import { keyTextOf } from "../../../services/source/read-key.ts";
import { budgetHeaders, refreshedHeaders } from "../../cache-headers.ts";
import { holdsEntry, hungUp } from "../../idempotency.ts";
import { answered } from "../../json-content.ts";
import { problem, problemResponses } from "../../problems.ts";
import { rawSegment } from "../../raw-path.ts";
import { WaitHeaders, waitMillisOf } from "../../read-mode.ts";
import { jsonBytes, type Responds } from "../../respond.ts";
import { type Api, declareRoute, serve } from "../../route.ts";
import { budgetHeadersSchema, taskHeadersSchema } from "../../header-schemas.ts";
import { entryBytes, EntrySchema, toMeta } from "../entry/entry-schema.ts";
import { KEY_SEGMENT, KeyParams } from "../entry/key-params.ts";
import { TaskIdSchema } from "./task-schema.ts";

const route = declareRoute(
  { needs: "update", restricted: "source", idempotent: true },
  {
    method: "post",
    path: "/api/v1/cache/{source_id}/{key}/refresh",
    tags: ["Refreshing"],
    summary: "Refresh one entry",
    description:
      "Queues the refresh of one key, however fresh its entry is. With `X-UC-Wait: 1` it goes before all others, joins a refresh that is unfinished, and answers with the entry when that is done in time.",
    operationId: "refreshEntry",
    request: { params: KeyParams, headers: WaitHeaders },
    responses: {
      200: {
        ...answered("Refreshed while you waited", EntrySchema),
        headers: budgetHeadersSchema,
      },
      202: {
        ...answered("Queued", z.object({ task_id: TaskIdSchema })),
        headers: { ...taskHeadersSchema, ...budgetHeadersSchema },
      },
      ...problemResponses(
        "Malformed",
        "NotAuthenticated",
        "NotPermitted",
        "SourceNotFound",
        "RefreshUnfinished",
        "Invalid",
        "QueueFull",
        "UpstreamFailed",
        "StoreUnavailable",
        "UpstreamTimedOut",
      ),
    },
  },
);

export function refreshEntryRoute(api: Api) {
  const entryAgain = async (c: Context) => {
    const program = Effect.gen(function* () {
      const text = yield* keyTextOf(rawSegment(c, KEY_SEGMENT));
      return yield* readMeta(c.req.param("source_id") ?? "", text);
    });
    const read = await api.run(program, c.req.raw.signal);
    if (Result.isFailure(read)) return undefined;
    const { held, readAt } = read.success;
    const isCurrent = freshnessAt(held.entry.lifetime, readAt) !== "fallback";
    return isCurrent ? entryAnswer(c, read.success) : undefined;
  };
  const handler = async (
    c: Context,
    sourceId: string,
    waitMillis: number | undefined,
  ) => {
    const program = Effect.gen(function* () {
      const text = yield* keyTextOf(rawSegment(c, KEY_SEGMENT));
      const refreshed = yield* refreshEntry(sourceId, text, waitMillis, hungUp(c));
      return { refreshed, ...(yield* knownBudget(sourceId)) };
    });
    const run = await api.run(program, c.req.raw.signal);
    if (Result.isFailure(run)) return problem(c, run.failure);
    const { refreshed, budget, readAt } = run.success;
    if (refreshed._tag === "Refreshed") {
      holdsEntry(c);
      return entryAnswer(c, { ...refreshed, budget });
    }
    const { taskId } = refreshed;
    return c.json({ task_id: taskId }, 202, {
      ...budgetHeaders(budget, readAt),
      Location: `/api/v1/tasks/${taskId}`,
      "X-UC-Task-Id": taskId,
    });
  };
  serve(
    api,
    route,
    (c): Responds<typeof route> =>
      handler(c, c.req.valid("param").source_id, waitMillisOf(c.req.valid("header"))),
    entryAgain,
  );
}

interface Read {
  readonly source: Source;
  readonly held: Held;
  readonly budget: Budget;
  readonly readAt: number;
}

function entryAnswer(c: Context, { source, held, budget, readAt }: Read) {
  const bytes = entryBytes(held.data, toMeta(source, held, readAt));
  return jsonBytes<z.infer<typeof EntrySchema>, 200>(c, bytes, 200, {
    ...budgetHeaders(budget, readAt),
    ...refreshedHeaders({ held, readAt }),
  });
}
