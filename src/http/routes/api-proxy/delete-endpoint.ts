/**
 * `POST /apiops/projects/{projectName}/apiProxies/{apiProxyName}/endpoints/delete/`
 *
 * @module
 */
import * as Result from "effect/Result";
import { deleteEndpoint } from "../../../services/api-proxy/delete-endpoint.ts";
import { onBehalfOf } from "../../actor.ts";
import { gatewayFailure } from "../../gateway/failure.ts";
import { gatewayResponses } from "../../gateway/failure-schema.ts";
import { ProxyParams } from "../../gateway/fields.ts";
import { done, SuccessSchema } from "../../gateway/success.ts";
import { answered, bodyOf } from "../../json-content.ts";
import type { Responds } from "../../respond.ts";
import { type Api, declareRoute, serve } from "../../route.ts";
import { EndpointNameSchema, toEndpointName } from "./gateway-schema.ts";

const route = declareRoute(
  { needs: "manage", restricted: "allowed", face: "gateway" },
  {
    method: "post",
    path: "/apiops/projects/{projectName}/apiProxies/{apiProxyName}/endpoints/delete/",
    tags: ["Endpoints"],
    summary: "Delete an endpoint",
    description:
      "With its cache settings. What is stored by them and by those of the API proxy is given up.",
    operationId: "deleteEndpoint",
    request: {
      params: ProxyParams,
      body: bodyOf(EndpointNameSchema),
    },
    responses: {
      200: answered("The endpoint is gone", SuccessSchema),
      ...gatewayResponses(
        "ProjectNotFound",
        "ApiProxyNotFound",
        "EndpointNotFound",
        "Invalid",
      ),
    },
  },
);

export function deleteEndpointRoute(api: Api) {
  serve(api, route, async (c): Responds<typeof route> => {
    const name = toEndpointName(c.req.valid("json"));
    const program = deleteEndpoint(c.req.valid("param"), name);
    const deleted = await api.run(onBehalfOf(c, program));
    if (Result.isFailure(deleted)) return gatewayFailure(c, deleted.failure);
    return c.json(done, 200);
  });
}
