/**
 * `PATCH /apiops/projects/{projectName}/apiProxies/{apiProxyName}/endpoints/status/`
 *
 * @module
 */
import * as Result from "effect/Result";
import { switchEndpoint } from "../../../services/api-proxy/switch-endpoint.ts";
import { onBehalfOf } from "../../actor.ts";
import { gatewayFailure } from "../../gateway/failure.ts";
import { gatewayResponses } from "../../gateway/failure-schema.ts";
import { ProxyParams } from "../../gateway/fields.ts";
import { done, SuccessSchema } from "../../gateway/success.ts";
import { answered, bodyOf } from "../../json-content.ts";
import type { Responds } from "../../respond.ts";
import { type Api, declareRoute, serve } from "../../route.ts";
import { EndpointStatusSchema, toEndpointName } from "./gateway-schema.ts";

const route = declareRoute(
  { needs: "manage", restricted: "allowed", face: "gateway" },
  {
    method: "patch",
    path: "/apiops/projects/{projectName}/apiProxies/{apiProxyName}/endpoints/status/",
    tags: ["Endpoints"],
    summary: "Switch an endpoint on or off",
    description:
      "One that is not active answers 404 in an `OPEN_API` proxy; in a `REVERSE_PROXY` its paths pass as any.",
    operationId: "switchEndpoint",
    request: {
      params: ProxyParams,
      body: bodyOf(EndpointStatusSchema),
    },
    responses: {
      200: answered("The endpoint is as it was asked for", SuccessSchema),
      ...gatewayResponses(
        "ProjectNotFound",
        "ApiProxyNotFound",
        "EndpointNotFound",
        "Invalid",
      ),
    },
  },
);

export function switchEndpointRoute(api: Api) {
  serve(api, route, async (c): Responds<typeof route> => {
    const wire = c.req.valid("json");
    const { active } = wire;
    const name = toEndpointName(wire);
    const program = switchEndpoint(c.req.valid("param"), name, active);
    const changed = await api.run(onBehalfOf(c, program));
    if (Result.isFailure(changed)) return gatewayFailure(c, changed.failure);
    return c.json(done, 200);
  });
}
