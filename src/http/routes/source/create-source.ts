/**
 * `POST /api/v1/sources`
 *
 * @module
 */
import * as Result from "effect/Result";
import { seesSource } from "../../../domain/access/caller.ts";
import { NotPermitted } from "../../../services/access/errors.ts";
import { createSource } from "../../../services/source/create-source.ts";
import { onBehalfOf } from "../../actor.ts";
import { callerOf } from "../../authorize.ts";
import { describeHeader } from "../../header-schemas.ts";
import { answered, bodyOf } from "../../json-content.ts";
import { problem, problemResponses } from "../../problems.ts";
import type { Responds } from "../../respond.ts";
import { type Api, declareRoute, serve } from "../../route.ts";
import { SourceDraftSchema, SourceSchema, toSettings, toWire } from "./source-schema.ts";

const route = declareRoute(
  { needs: "admin", restricted: "narrowed", idempotent: true },
  {
    method: "post",
    path: "/api/v1/sources",
    tags: ["Sources"],
    summary: "Create a source",
    description:
      "What is absent or `null` has its default. A taken id answers 409, and nothing is overwritten. Secret values are encrypted at rest and `***` in every answer.",
    operationId: "createSource",
    request: {
      body: bodyOf(SourceDraftSchema),
    },
    responses: {
      201: {
        ...answered("The source, secrets masked", SourceSchema),
        headers: {
          Location: describeHeader("The path of the source", "/api/v1/sources/weather"),
        },
      },
      ...problemResponses(
        "Malformed",
        "NotAuthenticated",
        "NotPermitted",
        "SourceExists",
        "Invalid",
        "StoreUnavailable",
      ),
    },
  },
);

export function createSourceRoute(api: Api) {
  serve(api, route, async (c): Responds<typeof route> => {
    const draft = c.req.valid("json");
    if (!seesSource(callerOf(c), draft.id)) {
      return problem(c, new NotPermitted({ permission: `source ${draft.id}` }));
    }
    const created = await api.run(
      onBehalfOf(c, createSource(draft.id, toSettings(draft))),
    );
    if (Result.isFailure(created)) return problem(c, created.failure);
    return c.json(toWire(created.success), 201, {
      Location: `/api/v1/sources/${draft.id}`,
    });
  });
}
