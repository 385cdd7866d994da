/**
 * `POST /apiops/projects/{projectName}/apiProxies/`
 *
 * @module
 */
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import { attachSource } from "../../../services/api-proxy/attach-source.ts";
import { createProxy } from "../../../services/api-proxy/create-proxy.ts";
import { onBehalfOf } from "../../actor.ts";
import { callerOf } from "../../authorize.ts";
import { gatewayFailure } from "../../gateway/failure.ts";
import { gatewayResponses } from "../../gateway/failure-schema.ts";
import { ProjectParams } from "../../gateway/fields.ts";
import { created, resultOf, resultSchema } from "../../gateway/success.ts";
import { bodyOf } from "../../json-content.ts";
import type { Responds } from "../../respond.ts";
import { type Api, declareRoute, serve } from "../../route.ts";
import { describedIn } from "./described-endpoints.ts";
import { ProxyDraftSchema, ProxySchema, toProxyWire } from "./gateway-schema.ts";

const route = declareRoute(
  { needs: "manage", restricted: "allowed", face: "gateway", maxBodyMiB: 10 },
  {
    method: "post",
    path: "/apiops/projects/{projectName}/apiProxies/",
    tags: ["API proxies"],
    summary: "Create an API proxy",
    description:
      "Its upstream is a source, which the caller must be allowed to attach: role `admin`, or a token that is restricted to sources and names it. With `OPEN_API` its endpoints are the paths and methods of `spec`; they begin where the base URL of the source ends, whatever `basePath` or `servers` say. A document that refers to others is refused: nothing is fetched.",
    operationId: "createProxy",
    request: {
      params: ProjectParams,
      body: bodyOf(ProxyDraftSchema),
    },
    responses: {
      201: created(
        "The API proxy",
        resultSchema(ProxySchema),
        "/apiops/projects/MyProject/apiProxies/MyAPI/",
      ),
      ...gatewayResponses(
        "ProjectNotFound",
        "SourceNotFound",
        "ApiProxyExists",
        "Invalid",
      ),
    },
  },
);

export function createProxyRoute(api: Api) {
  serve(api, route, async (c): Responds<typeof route> => {
    const { projectName } = c.req.valid("param");
    const wire = c.req.valid("json");
    const { apiProxyName: name, sourceId, spec } = wire;
    const creationType = wire.apiProxyCreationType ?? "REVERSE_PROXY";
    const program = Effect.gen(function* () {
      yield* attachSource(callerOf(c), sourceId);
      const endpoints = yield* describedIn(spec, creationType);
      const description = wire.description ?? undefined;
      const access = wire.access ?? "TOKEN";
      const draft = { name, description, sourceId, access, creationType };
      return yield* createProxy(projectName, draft, endpoints);
    });
    const made = await api.run(onBehalfOf(c, program));
    if (Result.isFailure(made)) return gatewayFailure(c, made.failure);
    const [project, proxy] = [projectName, name].map(encodeURIComponent);
    return c.json(resultOf(toProxyWire(made.success)), 201, {
      Location: `/apiops/projects/${project}/apiProxies/${proxy}/`,
    });
  });
}
