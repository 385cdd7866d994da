/**
 * `GET /api/v1/instances/{instance_id}`
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import * as Result from "effect/Result";
import { knownInstance } from "../../../services/instance/instance-store.ts";
import { failureEnvelope, success } from "../../admin/envelope.ts";
import { envelopeResponses, successResponse } from "../../admin/envelope-schema.ts";
import type { Responds } from "../../respond.ts";
import { type Api, declareRoute, serve } from "../../route.ts";
import { InstanceParams, InstanceSchema, toWire } from "./instance-schema.ts";

const route = declareRoute(
  { needs: "view", restricted: "allowed", face: "admin" },
  {
    method: "get",
    path: "/api/v1/instances/{instance_id}",
    tags: ["Instances"],
    summary: "Read an instance",
    description: "One that was deleted is not found.",
    operationId: "readInstance",
    request: { params: InstanceParams },
    responses: {
      200: successResponse("The instance", z.object({ instance: InstanceSchema })),
      ...envelopeResponses(
        "Malformed",
        "NotAuthenticated",
        "NotPermitted",
        "InstanceNotFound",
        "Invalid",
        "StoreUnavailable",
      ),
    },
  },
);

export function readInstanceRoute(api: Api) {
  serve(api, route, async (c): Responds<typeof route> => {
    const { instance_id } = c.req.valid("param");
    const read = await api.run(knownInstance(instance_id), c.req.raw.signal);
    if (Result.isFailure(read)) return failureEnvelope(c, read.failure);
    return success(c, "instanceRead", { instance: toWire(read.success) });
  });
}
