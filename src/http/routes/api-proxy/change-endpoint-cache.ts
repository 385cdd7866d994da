/**
 * `PATCH /apiops/projects/{projectName}/apiProxies/{apiProxyName}/endpoints/cache/`
 *
 * @module
 */
import * as Result from "effect/Result";
import { changeCacheSettings } from "../../../services/api-proxy/change-cache-settings.ts";
import { onBehalfOf } from "../../actor.ts";
import { gatewayFailure } from "../../gateway/failure.ts";
import { gatewayResponses } from "../../gateway/failure-schema.ts";
import { ProxyParams } from "../../gateway/fields.ts";
import { done, SuccessSchema } from "../../gateway/success.ts";
import { answered, bodyOf } from "../../json-content.ts";
import type { Responds } from "../../respond.ts";
import { type Api, declareRoute, serve } from "../../route.ts";
import { EndpointSettingsSchema, toSettings } from "./cache-settings-schema.ts";

const route = declareRoute(
  { needs: "manage", restricted: "allowed", face: "gateway" },
  {
    method: "patch",
    path: "/apiops/projects/{projectName}/apiProxies/{apiProxyName}/endpoints/cache/",
    tags: ["Cache settings"],
    summary: "Update the cache settings of an endpoint",
    description:
      "Replaces the settings. They override those of the API proxy while `cacheActive` is true. What is stored by settings under which it would not be stored so any more is given up.",
    operationId: "changeEndpointCache",
    request: {
      params: ProxyParams,
      body: bodyOf(EndpointSettingsSchema),
    },
    responses: {
      200: answered("The settings are in force", SuccessSchema),
      ...gatewayResponses(
        "ProjectNotFound",
        "ApiProxyNotFound",
        "EndpointNotFound",
        "Invalid",
      ),
    },
  },
);

export function changeEndpointCacheRoute(api: Api) {
  serve(api, route, async (c): Responds<typeof route> => {
    const wire = c.req.valid("json");
    const name = { name: wire.identifierName, httpMethod: wire.identifierHttpMethod };
    const settings = toSettings(wire.cacheSettings);
    const program = changeCacheSettings(c.req.valid("param"), name, settings);
    const changed = await api.run(onBehalfOf(c, program));
    if (Result.isFailure(changed)) return gatewayFailure(c, changed.failure);
    return c.json(done, 200);
  });
}
