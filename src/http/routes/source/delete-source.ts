/**
 * `DELETE /api/v1/sources/{source_id}`
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import * as Result from "effect/Result";
import { deleteSource } from "../../../services/source/delete-source.ts";
import { onBehalfOf } from "../../actor.ts";
import { problem, problemResponses } from "../../problems.ts";
import { noContent, type Responds } from "../../respond.ts";
import { type Api, declareRoute, serve } from "../../route.ts";
import { SourceIdParam } from "./source-schema.ts";

const route = declareRoute(
  { needs: "admin", restricted: "source" },
  {
    method: "delete",
    path: "/api/v1/sources/{source_id}",
    tags: ["Sources"],
    summary: "Delete a source and its entries",
    description:
      "Nothing of it can be read from now on, in any process. A later source of the same id starts without entries, unless they were kept. One that is the upstream of an API proxy answers 409.",
    operationId: "deleteSource",
    request: {
      params: SourceIdParam,
      query: z.object({
        keep_cache: z.enum(["0", "1", "false", "true"]).optional().openapi({
          description:
            "`1` keeps the entries for a later source of this id and origin; until then they can't be read",
        }),
      }),
    },
    responses: {
      204: { description: "The source is gone" },
      ...problemResponses(
        "Malformed",
        "NotAuthenticated",
        "NotPermitted",
        "SourceNotFound",
        "SourceInUse",
        "Invalid",
        "StoreUnavailable",
      ),
    },
  },
);

export function deleteSourceRoute(api: Api) {
  serve(api, route, async (c): Responds<typeof route> => {
    const { source_id } = c.req.valid("param");
    const { keep_cache = "0" } = c.req.valid("query");
    const keepCache = keep_cache === "1" || keep_cache === "true";
    const deleted = await api.run(onBehalfOf(c, deleteSource(source_id, keepCache)));
    if (Result.isFailure(deleted)) return problem(c, deleted.failure);
    return noContent(c);
  });
}
