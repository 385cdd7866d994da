/**
 * `PATCH /apiops/projects/{projectName}/apiProxies/{apiProxyName}/`
 *
 * @module
 */
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import { attachSource } from "../../../services/api-proxy/attach-source.ts";
import { changeProxy } from "../../../services/api-proxy/change-proxy.ts";
import { onBehalfOf } from "../../actor.ts";
import { callerOf } from "../../authorize.ts";
import { gatewayFailure } from "../../gateway/failure.ts";
import { gatewayResponses } from "../../gateway/failure-schema.ts";
import { ProxyParams } from "../../gateway/fields.ts";
import { resultOf, resultSchema } from "../../gateway/success.ts";
import { answered, bodyOf } from "../../json-content.ts";
import type { Responds } from "../../respond.ts";
import { type Api, declareRoute, serve } from "../../route.ts";
import {
  ProxyChangeSchema,
  ProxySchema,
  toProxyChange,
  toProxyWire,
} from "./gateway-schema.ts";

const route = declareRoute(
  { needs: "manage", restricted: "allowed", face: "gateway" },
  {
    method: "patch",
    path: "/apiops/projects/{projectName}/apiProxies/{apiProxyName}/",
    tags: ["API proxies"],
    summary: "Change an API proxy",
    description:
      "Changes the fields it names. Another source has to be one that the caller may attach, and what was stored of the old one is given up.",
    operationId: "changeProxy",
    request: {
      params: ProxyParams,
      body: bodyOf(ProxyChangeSchema),
    },
    responses: {
      200: answered("The API proxy as it is now", resultSchema(ProxySchema)),
      ...gatewayResponses(
        "ProjectNotFound",
        "ApiProxyNotFound",
        "SourceNotFound",
        "ApiProxyExists",
        "Invalid",
      ),
    },
  },
);

export function changeProxyRoute(api: Api) {
  serve(api, route, async (c): Responds<typeof route> => {
    const { projectName, apiProxyName } = c.req.valid("param");
    const change = toProxyChange(c.req.valid("json"));
    const program = Effect.gen(function* () {
      if (change.sourceId !== undefined) {
        yield* attachSource(callerOf(c), change.sourceId);
      }
      return yield* changeProxy(projectName, apiProxyName, change);
    });
    const changed = await api.run(onBehalfOf(c, program));
    if (Result.isFailure(changed)) return gatewayFailure(c, changed.failure);
    return c.json(resultOf(toProxyWire(changed.success)), 200);
  });
}
