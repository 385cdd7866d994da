/**
 * `POST /api/v1/cache/actions/clear-user`
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import * as Result from "effect/Result";
import { clearUser } from "../../../services/clearing/clear-user.ts";
import { onBehalfOf } from "../../actor.ts";
import { failureEnvelope, success } from "../../admin/envelope.ts";
import { envelopeResponses, successResponse } from "../../admin/envelope-schema.ts";
import {
  ClearedSchema,
  InstanceIdSchema,
  toCleared,
  UsernameSchema,
} from "../../admin/fields.ts";
import { rules } from "../../admin/messages.ts";
import { bodyOf } from "../../json-content.ts";
import type { Responds } from "../../respond.ts";
import { type Api, declareRoute, serve } from "../../route.ts";

const ClearUserSchema = z
  .strictObject(
    { instance_id: InstanceIdSchema, username: UsernameSchema },
    rules.object.en,
  )
  .openapi("ClearUser");

const route = declareRoute(
  { needs: "admin", restricted: "refused", face: "admin" },
  {
    method: "post",
    path: "/api/v1/cache/actions/clear-user",
    tags: ["Clearing"],
    summary: "Clear what is cached about one account of an instance",
    description:
      "Entries of any source whose params `instance_id` and `username` are these. They are gone in every process before the answer, and no refresh that runs brings one back.",
    operationId: "clearUser",
    request: {
      body: bodyOf(ClearUserSchema),
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

export function clearUserRoute(api: Api) {
  serve(api, route, async (c): Responds<typeof route> => {
    const { instance_id, username } = c.req.valid("json");
    const cleared = await api.run(onBehalfOf(c, clearUser(instance_id, username)));
    if (Result.isFailure(cleared)) return failureEnvelope(c, cleared.failure);
    return success(c, "userCleared", toCleared(cleared.success));
  });
}
