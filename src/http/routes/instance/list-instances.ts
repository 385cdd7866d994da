/**
 * `GET /api/v1/instances`
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import * as Result from "effect/Result";
import { PAGE } from "../../../domain/page.ts";
import { listInstances } from "../../../services/instance/list-instances.ts";
import { failureEnvelope, success } from "../../admin/envelope.ts";
import { envelopeResponses, successResponse } from "../../admin/envelope-schema.ts";
import type { Responds } from "../../respond.ts";
import { type Api, declareRoute, serve } from "../../route.ts";
import { wholeNumber } from "../../whole-number.ts";
import { InstanceSchema, toWire } from "./instance-schema.ts";

const LAST_PAGE = 1_000_000;

const InstancePageSchema = z
  .object({
    items: z.array(InstanceSchema),
    total: z.int().openapi({ description: "Instances on all pages", example: 1 }),
    page: z.int().openapi({ example: 1 }),
    pages: z.int().openapi({ example: 1 }),
    limit: z.int().openapi({ example: PAGE.usual }),
  })
  .openapi("InstancePage");

const route = declareRoute(
  { needs: "view", restricted: "allowed", face: "admin" },
  {
    method: "get",
    path: "/api/v1/instances",
    tags: ["Instances"],
    summary: "List instances, ordered by id",
    description: "A page behind the last has no items.",
    operationId: "listInstances",
    request: {
      query: z.object({
        page: wholeNumber(1, LAST_PAGE)
          .optional()
          .openapi({ description: "The first is 1", default: 1, example: 1 }),
        limit: wholeNumber(1, PAGE.most).optional().openapi({
          description: "Most items of the page",
          default: PAGE.usual,
          example: PAGE.usual,
        }),
      }),
    },
    responses: {
      200: successResponse("A page of the list", InstancePageSchema),
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

export function listInstancesRoute(api: Api) {
  serve(api, route, async (c): Responds<typeof route> => {
    const { page = 1, limit = PAGE.usual } = c.req.valid("query");
    const listed = await api.run(listInstances(page, limit), c.req.raw.signal);
    if (Result.isFailure(listed)) return failureEnvelope(c, listed.failure);
    const { instances, total, pages } = listed.success;
    const items = instances.map(toWire);
    return success(c, "instancesListed", { items, total, page, pages, limit });
  });
}
