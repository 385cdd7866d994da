/**
 * `POST /apiops/projects/{projectName}/apiProxies/{apiProxyName}/endpoints/`
 *
 * @module
 */
import * as Result from "effect/Result";
import { createEndpoint } from "../../../services/api-proxy/create-endpoint.ts";
import { onBehalfOf } from "../../actor.ts";
import { gatewayFailure } from "../../gateway/failure.ts";
import { gatewayResponses } from "../../gateway/failure-schema.ts";
import { ProxyParams } from "../../gateway/fields.ts";
import { resultOf, resultSchema } from "../../gateway/success.ts";
import { answered, bodyOf } from "../../json-content.ts";
import type { Responds } from "../../respond.ts";
import { type Api, declareRoute, serve } from "../../route.ts";
import {
  EndpointDraftSchema,
  EndpointSchema,
  toEndpointDraft,
  toEndpointWire,
} from "./gateway-schema.ts";

const route = declareRoute(
  { needs: "manage", restricted: "allowed", face: "gateway" },
  {
    method: "post",
    path: "/apiops/projects/{projectName}/apiProxies/{apiProxyName}/endpoints/",
    tags: ["Endpoints"],
    summary: "Create an endpoint",
    description:
      "Literal segments of its name win over `{param}`, the method over `ALL`. What is stored by the settings of the API proxy is given up.",
    operationId: "createEndpoint",
    request: {
      params: ProxyParams,
      body: bodyOf(EndpointDraftSchema),
    },
    responses: {
      201: answered("The endpoint", resultSchema(EndpointSchema)),
      ...gatewayResponses(
        "ProjectNotFound",
        "ApiProxyNotFound",
        "EndpointExists",
        "Invalid",
      ),
    },
  },
);

export function createEndpointRoute(api: Api) {
  serve(api, route, async (c): Responds<typeof route> => {
    const draft = toEndpointDraft(c.req.valid("json"));
    const program = createEndpoint(c.req.valid("param"), draft);
    const made = await api.run(onBehalfOf(c, program));
    if (Result.isFailure(made)) return gatewayFailure(c, made.failure);
    return c.json(resultOf(toEndpointWire(made.success)), 201);
  });
}
