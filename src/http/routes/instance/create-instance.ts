/**
 * `POST /api/v1/instances`
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import * as Result from "effect/Result";
import { createInstance } from "../../../services/instance/create-instance.ts";
import { onBehalfOf } from "../../actor.ts";
import { failureEnvelope, success } from "../../admin/envelope.ts";
import { envelopeResponses, successResponse } from "../../admin/envelope-schema.ts";
import { bodyOf } from "../../json-content.ts";
import type { Responds } from "../../respond.ts";
import { type Api, declareRoute, serve } from "../../route.ts";
import { InstanceDraftSchema, InstanceSchema, toWire } from "./instance-schema.ts";

const route = declareRoute(
  { needs: "admin", restricted: "refused", face: "admin" },
  {
    method: "post",
    path: "/api/v1/instances",
    tags: ["Instances"],
    summary: "Create an instance",
    description: "A name that another instance has answers 409.",
    operationId: "createInstance",
    request: {
      body: bodyOf(InstanceDraftSchema),
    },
    responses: {
      201: successResponse("The instance", z.object({ instance: InstanceSchema })),
      ...envelopeResponses(
        "Malformed",
        "NotAuthenticated",
        "NotPermitted",
        "InstanceExists",
        "Invalid",
        "StoreUnavailable",
      ),
    },
  },
);

export function createInstanceRoute(api: Api) {
  serve(api, route, async (c): Responds<typeof route> => {
    const { db_type, is_active = true, ...rest } = c.req.valid("json");
    const draft = { ...rest, dbType: db_type, isActive: is_active };
    const created = await api.run(onBehalfOf(c, createInstance(draft)));
    if (Result.isFailure(created)) return failureEnvelope(c, created.failure);
    c.header("Location", `/api/v1/instances/${created.success.id}`);
    return success(c, "instanceCreated", { instance: toWire(created.success) }, 201);
  });
}
