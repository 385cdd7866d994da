/**
 * `GET /api/v1/sources/{source_id}`
 *
 * @module
 */
import * as Result from "effect/Result";
import { readSource } from "../../../services/source/read-source.ts";
import { answered } from "../../json-content.ts";
import { problem, problemResponses } from "../../problems.ts";
import type { Responds } from "../../respond.ts";
import { type Api, declareRoute, serve } from "../../route.ts";
import { SourceIdParam, SourceSchema, toWire } from "./source-schema.ts";

const route = declareRoute(
  { needs: "view", restricted: "source" },
  {
    method: "get",
    path: "/api/v1/sources/{source_id}",
    tags: ["Sources"],
    summary: "Read a source",
    description: "Every setting with the value in force. Secret values are `***`.",
    operationId: "readSource",
    request: { params: SourceIdParam },
    responses: {
      200: answered("The source, secrets masked", SourceSchema),
      ...problemResponses(
        "Malformed",
        "NotAuthenticated",
        "NotPermitted",
        "SourceNotFound",
        "StoreUnavailable",
      ),
    },
  },
);

export function readSourceRoute(api: Api) {
  serve(api, route, async (c): Responds<typeof route> => {
    const { source_id } = c.req.valid("param");
    const read = await api.run(readSource(source_id), c.req.raw.signal);
    if (Result.isFailure(read)) return problem(c, read.failure);
    return c.json(toWire(read.success), 200);
  });
}
