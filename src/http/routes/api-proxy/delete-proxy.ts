/**
 * `DELETE /apiops/projects/{projectName}/apiProxies/{apiProxyName}/`
 *
 * @module
 */
import * as Result from "effect/Result";
import { deleteProxy } from "../../../services/api-proxy/delete-proxy.ts";
import { onBehalfOf } from "../../actor.ts";
import { gatewayFailure } from "../../gateway/failure.ts";
import { gatewayResponses } from "../../gateway/failure-schema.ts";
import { ProxyParams } from "../../gateway/fields.ts";
import { done, SuccessSchema } from "../../gateway/success.ts";
import { answered } from "../../json-content.ts";
import type { Responds } from "../../respond.ts";
import { type Api, declareRoute, serve } from "../../route.ts";

const route = declareRoute(
  { needs: "manage", restricted: "allowed", face: "gateway" },
  {
    method: "delete",
    path: "/apiops/projects/{projectName}/apiProxies/{apiProxyName}/",
    tags: ["API proxies"],
    summary: "Delete an API proxy",
    description:
      "With its endpoints and all that is stored of it. Nothing of it is answered from now on, in any process.",
    operationId: "deleteProxy",
    request: {
      params: ProxyParams,
    },
    responses: {
      200: answered("The API proxy is gone", SuccessSchema),
      ...gatewayResponses("ProjectNotFound", "ApiProxyNotFound"),
    },
  },
);

export function deleteProxyRoute(api: Api) {
  serve(api, route, async (c): Responds<typeof route> => {
    const { projectName, apiProxyName } = c.req.valid("param");
    const deleted = await api.run(onBehalfOf(c, deleteProxy(projectName, apiProxyName)));
    if (Result.isFailure(deleted)) return gatewayFailure(c, deleted.failure);
    return c.json(done, 200);
  });
}
