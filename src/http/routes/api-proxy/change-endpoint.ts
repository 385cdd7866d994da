/**
 * `PATCH /apiops/projects/{projectName}/apiProxies/{apiProxyName}/endpoints/`
 *
 * @module
 */
import * as Result from "effect/Result";
import { changeEndpoint } from "../../../services/api-proxy/change-endpoint.ts";
import { onBehalfOf } from "../../actor.ts";
import { gatewayFailure } from "../../gateway/failure.ts";
import { gatewayResponses } from "../../gateway/failure-schema.ts";
import { ProxyParams } from "../../gateway/fields.ts";
import { resultOf, resultSchema } from "../../gateway/success.ts";
import { answered, bodyOf } from "../../json-content.ts";
import type { Responds } from "../../respond.ts";
import { type Api, declareRoute, serve } from "../../route.ts";
import {
  EndpointChangeSchema,
  EndpointSchema,
  toEndpointChange,
  toEndpointName,
  toEndpointWire,
} from "./gateway-schema.ts";

const route = declareRoute(
  { needs: "manage", restricted: "allowed", face: "gateway" },
  {
    method: "patch",
    path: "/apiops/projects/{projectName}/apiProxies/{apiProxyName}/endpoints/",
    tags: ["Endpoints"],
    summary: "Change an endpoint",
    description:
      "Changes the fields it names; cache settings stay. What is stored by the settings of the endpoint and of the API proxy is given up.",
    operationId: "changeEndpoint",
    request: {
      params: ProxyParams,
      body: bodyOf(EndpointChangeSchema),
    },
    responses: {
      200: answered("The endpoint as it is now", resultSchema(EndpointSchema)),
      ...gatewayResponses(
        "ProjectNotFound",
        "ApiProxyNotFound",
        "EndpointNotFound",
        "EndpointExists",
        "Invalid",
      ),
    },
  },
);

export function changeEndpointRoute(api: Api) {
  serve(api, route, async (c): Responds<typeof route> => {
    const wire = c.req.valid("json");
    const name = toEndpointName(wire);
    const program = changeEndpoint(c.req.valid("param"), name, toEndpointChange(wire));
    const changed = await api.run(onBehalfOf(c, program));
    if (Result.isFailure(changed)) return gatewayFailure(c, changed.failure);
    return c.json(resultOf(toEndpointWire(changed.success)), 200);
  });
}
