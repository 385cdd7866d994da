/**
 * `GET /apiops/projects/{projectName}/apiProxies/{apiProxyName}/endpoints/cache/`
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import * as Result from "effect/Result";
import { readCacheSettings } from "../../../services/api-proxy/read-cache-settings.ts";
import { gatewayFailure } from "../../gateway/failure.ts";
import { gatewayResponses } from "../../gateway/failure-schema.ts";
import { endpointName, httpMethod, ProxyParams } from "../../gateway/fields.ts";
import { done } from "../../gateway/success.ts";
import { answered } from "../../json-content.ts";
import type { Responds } from "../../respond.ts";
import { type Api, declareRoute, serve } from "../../route.ts";
import { ReadEndpointSettingsSchema, toShownSettings } from "./cache-settings-schema.ts";

const route = declareRoute(
  { needs: "manage", restricted: "allowed", face: "gateway" },
  {
    method: "get",
    path: "/apiops/projects/{projectName}/apiProxies/{apiProxyName}/endpoints/cache/",
    tags: ["Cache settings"],
    summary: "Read the cache settings of an endpoint",
    description: "With all defaults; `effective` says which are in force.",
    operationId: "readEndpointCache",
    request: {
      params: ProxyParams,
      query: z.object({ name: endpointName, httpMethod }),
    },
    responses: {
      200: answered("The settings", ReadEndpointSettingsSchema),
      ...gatewayResponses(
        "ProjectNotFound",
        "ApiProxyNotFound",
        "EndpointNotFound",
        "Invalid",
      ),
    },
  },
);

export function readEndpointCacheRoute(api: Api) {
  serve(api, route, async (c): Responds<typeof route> => {
    const name = c.req.valid("query");
    const read = await api.run(
      readCacheSettings(c.req.valid("param"), name),
      c.req.raw.signal,
    );
    if (Result.isFailure(read)) return gatewayFailure(c, read.failure);
    const identifier = {
      identifierName: name.name,
      identifierHttpMethod: name.httpMethod,
    };
    return c.json({ ...done, ...identifier, ...toShownSettings(read.success) }, 200);
  });
}
