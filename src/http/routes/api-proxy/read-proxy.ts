/**
 * `GET /apiops/projects/{projectName}/apiProxies/{apiProxyName}/`
 *
 * @module
 */
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import { ProxyStore } from "../../../services/api-proxy/proxy-store.ts";
import { gatewayFailure } from "../../gateway/failure.ts";
import { gatewayResponses } from "../../gateway/failure-schema.ts";
import { ProxyParams } from "../../gateway/fields.ts";
import { resultOf, resultSchema } from "../../gateway/success.ts";
import { answered } from "../../json-content.ts";
import type { Responds } from "../../respond.ts";
import { type Api, declareRoute, serve } from "../../route.ts";
import { ProxySchema, toProxyWire } from "./gateway-schema.ts";

const route = declareRoute(
  { needs: "manage", restricted: "allowed", face: "gateway" },
  {
    method: "get",
    path: "/apiops/projects/{projectName}/apiProxies/{apiProxyName}/",
    tags: ["API proxies"],
    summary: "Read an API proxy",
    description: "As it is now.",
    operationId: "readProxy",
    request: {
      params: ProxyParams,
    },
    responses: {
      200: answered("The API proxy", resultSchema(ProxySchema)),
      ...gatewayResponses("ProjectNotFound", "ApiProxyNotFound"),
    },
  },
);

export function readProxyRoute(api: Api) {
  serve(api, route, async (c): Responds<typeof route> => {
    const { projectName, apiProxyName } = c.req.valid("param");
    const read = Effect.flatMap(ProxyStore, (store) =>
      store.find(projectName, apiProxyName),
    );
    const found = await api.run(read, c.req.raw.signal);
    if (Result.isFailure(found)) return gatewayFailure(c, found.failure);
    return c.json(resultOf(toProxyWire(found.success)), 200);
  });
}
