/**
 * `GET /apiops/projects/{projectName}/apiProxies/`
 *
 * @module
 */
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import { ProxyStore } from "../../../services/api-proxy/proxy-store.ts";
import { gatewayFailure } from "../../gateway/failure.ts";
import { gatewayResponses } from "../../gateway/failure-schema.ts";
import { ProjectParams } from "../../gateway/fields.ts";
import { listOf, listSchema } from "../../gateway/success.ts";
import { answered } from "../../json-content.ts";
import type { Responds } from "../../respond.ts";
import { type Api, declareRoute, serve } from "../../route.ts";
import { ProxySchema, toProxyWire } from "./gateway-schema.ts";

const route = declareRoute(
  { needs: "manage", restricted: "allowed", face: "gateway" },
  {
    method: "get",
    path: "/apiops/projects/{projectName}/apiProxies/",
    tags: ["API proxies"],
    summary: "List the API proxies of a project",
    description: "In the order of their names.",
    operationId: "listProxies",
    request: {
      params: ProjectParams,
    },
    responses: {
      200: answered("The API proxies", listSchema(ProxySchema)),
      ...gatewayResponses("ProjectNotFound"),
    },
  },
);

export function listProxiesRoute(api: Api) {
  serve(api, route, async (c): Responds<typeof route> => {
    const { projectName } = c.req.valid("param");
    const list = Effect.flatMap(ProxyStore, (store) => store.list(projectName));
    const listed = await api.run(list, c.req.raw.signal);
    if (Result.isFailure(listed)) return gatewayFailure(c, listed.failure);
    return c.json(listOf(listed.success.map(toProxyWire)), 200);
  });
}
