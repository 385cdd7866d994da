/**
 * `POST /api/v1/cache/actions/clear-all`
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import * as Result from "effect/Result";
import { clearAllInstances } from "../../../services/clearing/clear-all-instances.ts";
import { onBehalfOf } from "../../actor.ts";
import { failureEnvelope, success } from "../../admin/envelope.ts";
import { envelopeResponses, successResponse } from "../../admin/envelope-schema.ts";
import { clearedShape } from "../../admin/fields.ts";
import { rules } from "../../admin/messages.ts";
import { optionalBodyOf } from "../../json-content.ts";
import type { Responds } from "../../respond.ts";
import { type Api, declareRoute, serve } from "../../route.ts";

const ClearAllSchema = z.strictObject({}, rules.object.en).openapi("ClearAll");

const AllClearedSchema = z
  .object({
    cleared_count: z.int().openapi({ description: "Instances", example: 3 }),
    ...clearedShape,
    failed_instances: z.array(z.int()).openapi({
      description: "Ids of instances that could not be cleared, or are being cleared",
      example: [],
    }),
  })
  .openapi("AllCleared");

const route = declareRoute(
  { needs: "admin", restricted: "refused", face: "admin" },
  {
    method: "post",
    path: "/api/v1/cache/actions/clear-all",
    tags: ["Clearing"],
    summary: "Clear what is cached about every active instance",
    description:
      "One after the other; one that fails doesn't stop the rest. Needs no body. To remove every entry there is, purge with `all`.",
    operationId: "clearAllInstances",
    request: {
      body: optionalBodyOf(ClearAllSchema),
    },
    responses: {
      200: successResponse("Cleared", AllClearedSchema),
      ...envelopeResponses(
        "Malformed",
        "NotAuthenticated",
        "NotPermitted",
        "ClearUnderWay",
        "Invalid",
        "StoreUnavailable",
      ),
    },
  },
);

export function clearAllRoute(api: Api) {
  serve(api, route, async (c): Responds<typeof route> => {
    const cleared = await api.run(onBehalfOf(c, clearAllInstances()));
    if (Result.isFailure(cleared)) return failureEnvelope(c, cleared.failure);
    const { clearedInstances, clearedEntries, failed, unreached } = cleared.success;
    return success(c, failed.length === 0 ? "allCleared" : "someNotCleared", {
      cleared_count: clearedInstances,
      cleared_entries: clearedEntries,
      unreached_processes: unreached,
      failed_instances: failed,
    });
  });
}
