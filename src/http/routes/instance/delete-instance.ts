/**
 * `DELETE /api/v1/instances/{instance_id}`
 *
 * @module
 */
import * as Result from "effect/Result";
import { deleteInstance } from "../../../services/instance/delete-instance.ts";
import { onBehalfOf } from "../../actor.ts";
import { failureEnvelope, success } from "../../admin/envelope.ts";
import { envelopeResponses, successResponse } from "../../admin/envelope-schema.ts";
import { ClearedSchema, toCleared } from "../../admin/fields.ts";
import type { Responds } from "../../respond.ts";
import { type Api, declareRoute, serve } from "../../route.ts";
import { InstanceParams } from "./instance-schema.ts";

const route = declareRoute(
  { needs: "admin", restricted: "refused", face: "admin" },
  {
    method: "delete",
    path: "/api/v1/instances/{instance_id}",
    tags: ["Instances"],
    summary: "Delete an instance with its entries",
    description:
      "Its entries are gone in every process before the answer. Its name is free again; its id is never given to another.",
    operationId: "deleteInstance",
    request: { params: InstanceParams },
    responses: {
      200: successResponse("Deleted", ClearedSchema),
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

export function deleteInstanceRoute(api: Api) {
  serve(api, route, async (c): Responds<typeof route> => {
    const { instance_id } = c.req.valid("param");
    const deleted = await api.run(onBehalfOf(c, deleteInstance(instance_id)));
    if (Result.isFailure(deleted)) return failureEnvelope(c, deleted.failure);
    return success(c, "instanceDeleted", toCleared(deleted.success));
  });
}
