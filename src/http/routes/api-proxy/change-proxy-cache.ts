/**
 * `PATCH /apiops/projects/{projectName}/apiProxies/{apiProxyName}/settings/cache/`
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
import { ProxySettingsSchema, toSettings } from "./cache-settings-schema.ts";

const route = declareRoute(
  { needs: "manage", restricted: "allowed", face: "gateway" },
  {
    method: "patch",
    path: "/apiops/projects/{projectName}/apiProxies/{apiProxyName}/settings/cache/",
    tags: ["Cache settings"],
    summary: "Update the cache settings of an API proxy",
    description:
      "Replaces the settings of the whole proxy, given flat or in `cacheSettings`. Endpoints whose own are active are not touched.",
    operationId: "changeProxyCache",
    request: {
      params: ProxyParams,
      body: bodyOf(ProxySettingsSchema),
    },
    responses: {
      200: answered("The settings are in force", SuccessSchema),
      ...gatewayResponses("ProjectNotFound", "ApiProxyNotFound", "Invalid"),
    },
  },
);

export function changeProxyCacheRoute(api: Api) {
  serve(api, route, async (c): Responds<typeof route> => {
    const settings = toSettings(c.req.valid("json"));
    const program = changeCacheSettings(c.req.valid("param"), undefined, settings);
    const changed = await api.run(onBehalfOf(c, program));
    if (Result.isFailure(changed)) return gatewayFailure(c, changed.failure);
    return c.json(done, 200);
  });
}
