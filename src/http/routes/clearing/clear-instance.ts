/**
 * `POST /api/v1/cache/actions/clear-instance`
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import * as Result from "effect/Result";
import { clearInstance } from "../../../services/clearing/clear-instance.ts";
import { onBehalfOf } from "../../actor.ts";
import { failureEnvelope, success } from "../../admin/envelope.ts";
import { envelopeResponses, successResponse } from "../../admin/envelope-schema.ts";
import { ClearedSchema, InstanceIdSchema, toCleared } from "../../admin/fields.ts";
import { rules } from "../../admin/messages.ts";
import { bodyOf } from "../../json-content.ts";
import type { Responds } from "../../respond.ts";
import { type Api, declareRoute, serve } from "../../route.ts";

const ClearInstanceSchema = z
  .strictObject({ instance_id: InstanceIdSchema }, rules.object.en)
  .openapi("ClearInstance");

const route = declareRoute(
  { needs: "admin", restricted: "refused", face: "admin" },
  {
    method: "post",
    path: "/api/v1/cache/actions/clear-instance",
    tags: ["Clearing"],
    summary: "Clear what is cached about an instance",
    description:
      "Entries of any source whose param `instance_id` is this, active or not. They are gone in every process before the answer, and no refresh that runs brings one back.",
    operationId: "clearInstance",
    request: {
      body: bodyOf(ClearInstanceSchema),
    },
    responses: {
      200: successResponse("Cleared", ClearedSchema),
      ...envelopeResponses(
        "Malformed",
        "NotAuthenticated",
        "NotPermitted",
        "InstanceNotFound",
        "ClearUnderWay",
        "Invalid",
        "StoreUnavailable",
      ),
    },
  },
);

export function clearInstanceRoute(api: Api) {
  serve(api, route, async (c): Responds<typeof route> => {
    const { instance_id } = c.req.valid("json");
    const cleared = await api.run(onBehalfOf(c, clearInstance(instance_id)));
    if (Result.isFailure(cleared)) return failureEnvelope(c, cleared.failure);
    return success(c, "instanceCleared", toCleared(cleared.success));
  });
}
