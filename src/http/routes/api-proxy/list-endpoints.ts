/**
 * `GET /apiops/projects/{projectName}/apiProxies/{apiProxyName}/endpoints/`
 *
 * @module
 */
import * as Result from "effect/Result";
import { listEndpoints } from "../../../services/api-proxy/list-endpoints.ts";
import { gatewayFailure } from "../../gateway/failure.ts";
import { gatewayResponses } from "../../gateway/failure-schema.ts";
import { ProxyParams } from "../../gateway/fields.ts";
import { listOf, listSchema } from "../../gateway/success.ts";
import { answered } from "../../json-content.ts";
import type { Responds } from "../../respond.ts";
import { type Api, declareRoute, serve } from "../../route.ts";
import { EndpointSchema, toEndpointWire } from "./gateway-schema.ts";

const route = declareRoute(
  { needs: "manage", restricted: "allowed", face: "gateway" },
  {
    method: "get",
    path: "/apiops/projects/{projectName}/apiProxies/{apiProxyName}/endpoints/",
    tags: ["Endpoints"],
    summary: "List the endpoints of an API proxy",
    description: "In the order in which they were made.",
    operationId: "listEndpoints",
    request: {
      params: ProxyParams,
    },
    responses: {
      200: answered("The endpoints", listSchema(EndpointSchema)),
      ...gatewayResponses("ProjectNotFound", "ApiProxyNotFound"),
    },
  },
);

export function listEndpointsRoute(api: Api) {
  serve(api, route, async (c): Responds<typeof route> => {
    const listed = await api.run(listEndpoints(c.req.valid("param")), c.req.raw.signal);
    if (Result.isFailure(listed)) return gatewayFailure(c, listed.failure);
    return c.json(listOf(listed.success.map(toEndpointWire)), 200);
  });
}
