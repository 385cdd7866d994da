/**
 * `GET /apiops/projects/`
 *
 * @module
 */
import * as Result from "effect/Result";
import { listProjects } from "../../../services/api-proxy/list-projects.ts";
import { callerOf } from "../../authorize.ts";
import { gatewayFailure } from "../../gateway/failure.ts";
import { gatewayResponses } from "../../gateway/failure-schema.ts";
import { listOf, listSchema } from "../../gateway/success.ts";
import { answered } from "../../json-content.ts";
import type { Responds } from "../../respond.ts";
import { type Api, declareRoute, serve } from "../../route.ts";
import { ProjectSchema, toProjectWire } from "./gateway-schema.ts";

const route = declareRoute(
  { needs: "manage", restricted: "allowed", face: "gateway" },
  {
    method: "get",
    path: "/apiops/projects/",
    tags: ["Projects"],
    summary: "List projects",
    description:
      "Those that the caller may manage: all for role `admin`, else those that the token is granted.",
    operationId: "listProjects",
    responses: {
      200: answered("The projects", listSchema(ProjectSchema)),
      ...gatewayResponses(),
    },
  },
);

export function listProjectsRoute(api: Api) {
  serve(api, route, async (c): Responds<typeof route> => {
    const listed = await api.run(listProjects(callerOf(c)), c.req.raw.signal);
    if (Result.isFailure(listed)) return gatewayFailure(c, listed.failure);
    return c.json(listOf(listed.success.map(toProjectWire)), 200);
  });
}
