/**
 * `PATCH /api/v1/instances/{instance_id}`
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import * as Result from "effect/Result";
import { changeInstance } from "../../../services/instance/change-instance.ts";
import { onBehalfOf } from "../../actor.ts";
import { failureEnvelope, success } from "../../admin/envelope.ts";
import { envelopeResponses, successResponse } from "../../admin/envelope-schema.ts";
import { bodyOf } from "../../json-content.ts";
import type { Responds } from "../../respond.ts";
import { type Api, declareRoute, serve } from "../../route.ts";
import {
  InstanceChangeSchema,
  InstanceParams,
  InstanceSchema,
  toChange,
  toWire,
} from "./instance-schema.ts";

const route = declareRoute(
  { needs: "admin", restricted: "refused", face: "admin" },
  {
    method: "patch",
    path: "/api/v1/instances/{instance_id}",
    tags: ["Instances"],
    summary: "Change an instance",
    description: "Fields that are not named stay as they are.",
    operationId: "changeInstance",
    request: {
      params: InstanceParams,
      body: bodyOf(InstanceChangeSchema),
    },
    responses: {
      200: successResponse("The instance", z.object({ instance: InstanceSchema })),
      ...envelopeResponses(
        "Malformed",
        "NotAuthenticated",
        "NotPermitted",
        "InstanceNotFound",
        "InstanceExists",
        "Invalid",
        "StoreUnavailable",
      ),
    },
  },
);

export function changeInstanceRoute(api: Api) {
  serve(api, route, async (c): Responds<typeof route> => {
    const { instance_id } = c.req.valid("param");
    const change = toChange(c.req.valid("json"));
    const changed = await api.run(onBehalfOf(c, changeInstance(instance_id, change)));
    if (Result.isFailure(changed)) return failureEnvelope(c, changed.failure);
    return success(c, "instanceChanged", { instance: toWire(changed.success) });
  });
}
