/**
 * `GET /apiops/projects/{projectName}/apiProxies/{apiProxyName}/settings/cache/`
 *
 * @module
 */
import * as Result from "effect/Result";
import { readCacheSettings } from "../../../services/api-proxy/read-cache-settings.ts";
import { gatewayFailure } from "../../gateway/failure.ts";
import { gatewayResponses } from "../../gateway/failure-schema.ts";
import { ProxyParams } from "../../gateway/fields.ts";
import { done } from "../../gateway/success.ts";
import { answered } from "../../json-content.ts";
import type { Responds } from "../../respond.ts";
import { type Api, declareRoute, serve } from "../../route.ts";
import { ReadProxySettingsSchema, toShownSettings } from "./cache-settings-schema.ts";

const route = declareRoute(
  { needs: "manage", restricted: "allowed", face: "gateway" },
  {
    method: "get",
    path: "/apiops/projects/{projectName}/apiProxies/{apiProxyName}/settings/cache/",
    tags: ["Cache settings"],
    summary: "Read the cache settings of an API proxy",
    description:
      "With all defaults; `effective` says which are in force where no endpoint has its own.",
    operationId: "readProxyCache",
    request: {
      params: ProxyParams,
    },
    responses: {
      200: answered("The settings", ReadProxySettingsSchema),
      ...gatewayResponses("ProjectNotFound", "ApiProxyNotFound"),
    },
  },
);

export function readProxyCacheRoute(api: Api) {
  serve(api, route, async (c): Responds<typeof route> => {
    const read = await api.run(
      readCacheSettings(c.req.valid("param"), undefined),
      c.req.raw.signal,
    );
    if (Result.isFailure(read)) return gatewayFailure(c, read.failure);
    return c.json({ ...done, ...toShownSettings(read.success) }, 200);
  });
}
