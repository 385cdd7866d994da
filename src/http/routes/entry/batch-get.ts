/**
 * `POST /api/v1/cache/{source_id}/batch-get`
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import { readEntries } from "../../../services/entry/read-entries.ts";
import { budgetHeaders } from "../../cache-headers.ts";
import { budgetHeadersSchema } from "../../header-schemas.ts";
import { answered, bodyOf } from "../../json-content.ts";
import { problem, problemResponses } from "../../problems.ts";
import { ReachHeaders, reachOf, WaitHeaders } from "../../read-mode.ts";
import type { Responds } from "../../respond.ts";
import { type Api, declareRoute, serve } from "../../route.ts";
import { jsonParts } from "../../streamed.ts";
import { SourceIdParam } from "../source/source-schema.ts";
import { batchParts, BatchSchema } from "./batch-schema.ts";
import { keysSchema } from "./keys-schema.ts";

const MOST_KEYS = 1_000;

const description = "Has no effect here: nobody waits";

const route = declareRoute(
  { needs: "view", restricted: "source", bypassNeeds: "update" },
  {
    method: "post",
    path: "/api/v1/cache/{source_id}/batch-get",
    tags: ["Cache"],
    summary: "Read many entries",
    description:
      "Answers each key in the order asked for. What is absent or no longer fresh is queued for a refresh, unless only the cache is asked; `meta.task_id` names it.",
    operationId: "batchGet",
    request: {
      params: SourceIdParam,
      headers: z.object({
        ...ReachHeaders.shape,
        "x-uc-bypass-cache": ReachHeaders.shape["x-uc-bypass-cache"].openapi({
          description: "Queue a refresh of every key; needs the permission `update`",
        }),
        "x-uc-wait": WaitHeaders.shape["x-uc-wait"].openapi({ description }),
        prefer: WaitHeaders.shape.prefer.openapi({ description }),
      }),
      body: bodyOf(
        z.strictObject({ keys: keysSchema(MOST_KEYS) }).openapi("BatchGetRequest"),
      ),
    },
    responses: {
      200: {
        ...answered(
          "What there is of each key; `hit` tells whether it was served",
          BatchSchema,
        ),
        headers: budgetHeadersSchema,
      },
      ...problemResponses(
        "Malformed",
        "NotAuthenticated",
        "NotPermitted",
        "SourceNotFound",
        "Invalid",
        "StoreUnavailable",
      ),
    },
  },
);

export function batchGetRoute(api: Api) {
  serve(api, route, async (c): Responds<typeof route> => {
    const { source_id } = c.req.valid("param");
    const { keys } = c.req.valid("json");
    const program = Effect.flatMap(reachOf(c.req.valid("header")), (reach) =>
      readEntries(source_id, keys, reach),
    );
    const read = await api.run(program, c.req.raw.signal);
    if (Result.isFailure(read)) return problem(c, read.failure);
    const { source, budget, readAt, items, share } = read.success;
    const parts = batchParts(source, items, readAt);
    const headers = budgetHeaders(budget, readAt);
    return jsonParts<z.infer<typeof BatchSchema>>(c, parts, headers, share);
  });
}
