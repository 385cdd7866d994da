/**
 * `POST /api/v1/cache/{source_id}/{key}/refresh`
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import { knownBudget } from "../../../services/quota/known-budget.ts";
import { refreshEntry } from "../../../services/refresh/refresh-entry.ts";
import { keyTextOf } from "../../../services/source/read-key.ts";
import { budgetHeaders, refreshedHeaders } from "../../cache-headers.ts";
import { hungUp } from "../../idempotency.ts";
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
        description: "Refreshed while you waited",
        headers: budgetHeadersSchema,
        content: { "application/json": { schema: EntrySchema } },
      },
      202: {
        description: "Queued",
        headers: { ...taskHeadersSchema, ...budgetHeadersSchema },
        content: {
          "application/json": { schema: z.object({ task_id: TaskIdSchema }) },
        },
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
  serve(api, route, async (c): Responds<typeof route> => {
    const { source_id } = c.req.valid("param");
    const waitMillis = waitMillisOf(c.req.valid("header"));
    const program = Effect.gen(function* () {
      const text = yield* keyTextOf(rawSegment(c, KEY_SEGMENT));
      const refreshed = yield* refreshEntry(source_id, text, waitMillis, hungUp(c));
      return { refreshed, ...(yield* knownBudget(source_id)) };
    });

    const run = await api.run(program, c.req.raw.signal);

    if (Result.isFailure(run)) return problem(c, run.failure);
    const { refreshed, budget, readAt } = run.success;
    const left = budgetHeaders(budget, readAt);
    if (refreshed._tag === "Queued") {
      const { taskId } = refreshed;
      return c.json({ task_id: taskId }, 202, {
        ...left,
        Location: `/api/v1/tasks/${taskId}`,
        "X-UC-Task-Id": taskId,
      });
    }
    const { source, held } = refreshed;
    const bytes = entryBytes(held.data, toMeta(source, held, refreshed.readAt));
    return jsonBytes<z.infer<typeof EntrySchema>, 200>(c, bytes, 200, {
      ...left,
      ...refreshedHeaders(refreshed),
    });
  });
}
