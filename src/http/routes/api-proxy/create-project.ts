/**
 * `POST /apiops/projects/`
 *
 * @module
 */
import * as Result from "effect/Result";
import { createProject } from "../../../services/api-proxy/create-project.ts";
import { onBehalfOf } from "../../actor.ts";
import { gatewayFailure } from "../../gateway/failure.ts";
import { gatewayResponses } from "../../gateway/failure-schema.ts";
import { created, resultOf, resultSchema } from "../../gateway/success.ts";
import { bodyOf } from "../../json-content.ts";
import type { Responds } from "../../respond.ts";
import { type Api, declareRoute, serve } from "../../route.ts";
import { ProjectDraftSchema, ProjectSchema, toProjectWire } from "./gateway-schema.ts";

const route = declareRoute(
  { needs: "admin", restricted: "refused", face: "gateway" },
  {
    method: "post",
    path: "/apiops/projects/",
    tags: ["Projects"],
    summary: "Create a project",
    description: "Its name stands in the paths of the gateway and is compared as it is.",
    operationId: "createProject",
    request: {
      body: bodyOf(ProjectDraftSchema),
    },
    responses: {
      201: created(
        "The project",
        resultSchema(ProjectSchema),
        "/apiops/projects/MyProject/",
      ),
      ...gatewayResponses("ProjectExists", "Invalid"),
    },
  },
);

export function createProjectRoute(api: Api) {
  serve(api, route, async (c): Responds<typeof route> => {
    const { name, description } = c.req.valid("json");
    const program = createProject(name, description ?? undefined);
    const made = await api.run(onBehalfOf(c, program));
    if (Result.isFailure(made)) return gatewayFailure(c, made.failure);
    return c.json(resultOf(toProjectWire(made.success)), 201, {
      Location: `/apiops/projects/${encodeURIComponent(name)}/`,
    });
  });
}
