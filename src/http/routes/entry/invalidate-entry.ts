/**
 * `POST /api/v1/cache/{source_id}/{key}/invalidate`
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import { invalidateEntry } from "../../../services/entry/invalidate-entry.ts";
import { keyTextOf } from "../../../services/source/read-key.ts";
import { onBehalfOf } from "../../actor.ts";
import { problem, problemResponses } from "../../problems.ts";
import { rawSegment } from "../../raw-path.ts";
import { FlagHeader, isSet } from "../../read-mode.ts";
import { noContent, type Responds } from "../../respond.ts";
import { type Api, declareRoute, serve } from "../../route.ts";
import { KEY_SEGMENT, KeyParams } from "./key-params.ts";

const route = declareRoute(
  { needs: "update", restricted: "source", idempotent: true },
  {
    method: "post",
    path: "/api/v1/cache/{source_id}/{key}/invalidate",
    tags: ["Refreshing"],
    summary: "Invalidate one entry",
    description:
      "The entry is gone in every process before the answer, and no refresh that runs can bring it back. A refresh that is queued stays queued.",
    operationId: "invalidateEntry",
    request: {
      params: KeyParams,
      query: z.object({
        soft: FlagHeader.optional().openapi({
          description:
            "`1` keeps the entry as a fallback for when the upstream can't be asked",
        }),
      }),
    },
    responses: {
      204: {
        description: "Invalid from now on",
        headers: {
          "X-UC-Deleted": {
            description: "Entries that were there to be invalidated",
            schema: { type: "integer", enum: [0, 1] },
            example: 1,
          },
          "X-UC-Unreached-Processes": {
            description:
              "Processes that have not acknowledged within a second, where there are any; they stop answering from memory",
            schema: { type: "integer" },
            example: 1,
          },
        },
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

export function invalidateEntryRoute(api: Api) {
  serve(api, route, async (c): Responds<typeof route> => {
    const { source_id } = c.req.valid("param");
    const soft = isSet(c.req.valid("query").soft);
    const program = Effect.flatMap(keyTextOf(rawSegment(c, KEY_SEGMENT)), (text) =>
      invalidateEntry(source_id, text, soft),
    );

    const run = await api.run(onBehalfOf(c, program));

    if (Result.isFailure(run)) return problem(c, run.failure);
    const { purged, unreached } = run.success;
    c.header("X-UC-Deleted", String(purged));
    if (unreached > 0) c.header("X-UC-Unreached-Processes", String(unreached));
    return noContent(c);
  });
}
