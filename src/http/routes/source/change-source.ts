/**
 * `PATCH /api/v1/sources/{source_id}`
 *
 * @module
 */
import * as Result from "effect/Result";
import { changeSource } from "../../../services/source/change-source.ts";
import { onBehalfOf } from "../../actor.ts";
import { answered, bodyOf } from "../../json-content.ts";
import { problem, problemResponses } from "../../problems.ts";
import type { Responds } from "../../respond.ts";
import { type Api, declareRoute, serve } from "../../route.ts";
import {
  SourceIdParam,
  SourcePatchSchema,
  SourceSchema,
  toPatch,
  toWire,
} from "./source-schema.ts";

const route = declareRoute(
  { needs: "admin", restricted: "source" },
  {
    method: "patch",
    path: "/api/v1/sources/{source_id}",
    tags: ["Sources"],
    summary: "Change a source",
    description:
      "Changes the fields it names; `null` resets one to its default. `rate_limit`, `default_headers` and `default_query` are replaced whole; a value `***` in the latter two keeps the stored one. Another origin needs its secrets named again. Entries keep the lifetime they were stored with.",
    operationId: "changeSource",
    request: {
      params: SourceIdParam,
      body: bodyOf(SourcePatchSchema),
    },
    responses: {
      200: answered("The source as it is now, secrets masked", SourceSchema),
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

export function changeSourceRoute(api: Api) {
  serve(api, route, async (c): Responds<typeof route> => {
    const { source_id } = c.req.valid("param");
    const patch = toPatch(c.req.valid("json"));
    const changed = await api.run(onBehalfOf(c, changeSource(source_id, patch)));
    if (Result.isFailure(changed)) return problem(c, changed.failure);
    return c.json(toWire(changed.success), 200);
  });
}
