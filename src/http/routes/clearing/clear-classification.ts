/**
 * `POST /api/v1/cache/actions/clear-classification`
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import * as Result from "effect/Result";
import { clearClassification } from "../../../services/clearing/clear-classification.ts";
import { onBehalfOf } from "../../actor.ts";
import { failureEnvelope, success } from "../../admin/envelope.ts";
import { envelopeResponses, successResponse } from "../../admin/envelope-schema.ts";
import { ClearedSchema, DbTypeSchema, toCleared } from "../../admin/fields.ts";
import { rules } from "../../admin/messages.ts";
import { optionalBodyOf } from "../../json-content.ts";
import type { Responds } from "../../respond.ts";
import { type Api, declareRoute, serve } from "../../route.ts";

const blank = z
  .string()
  .regex(/^\s*$/)
  .transform(() => undefined);

const ClearClassificationSchema = z
  .strictObject(
    {
      db_type: z
        .union([blank, DbTypeSchema], rules.dbType.en)
        .nullish()
        .openapi({ example: "mysql" }),
    },
    rules.object.en,
  )
  .openapi("ClearClassification");

const route = declareRoute(
  { needs: "update", restricted: "refused", face: "admin" },
  {
    method: "post",
    path: "/api/v1/cache/actions/clear-classification",
    tags: ["Clearing"],
    summary: "Clear cached classification rules",
    description:
      "Entries with the param `db_type`: of one type and those of `all`, or, where `db_type` is absent, null or blank, every one. They are gone in every process before the answer.",
    operationId: "clearClassification",
    request: {
      body: optionalBodyOf(ClearClassificationSchema),
    },
    responses: {
      200: successResponse("Cleared", ClearedSchema),
      ...envelopeResponses(
        "Malformed",
        "NotAuthenticated",
        "NotPermitted",
        "Invalid",
        "StoreUnavailable",
      ),
    },
  },
);

export function clearClassificationRoute(api: Api) {
  serve(api, route, async (c): Responds<typeof route> => {
    const { db_type } = c.req.valid("json");
    const dbType = db_type ?? undefined;
    const cleared = await api.run(onBehalfOf(c, clearClassification(dbType)));
    if (Result.isFailure(cleared)) return failureEnvelope(c, cleared.failure);
    const message = dbType === undefined ? "classificationCleared" : "dbTypeCleared";
    return success(c, message, toCleared(cleared.success));
  });
}
