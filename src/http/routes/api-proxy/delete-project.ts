/**
 * `DELETE /apiops/projects/{projectName}/`
 *
 * @module
 */
import * as Result from "effect/Result";
import { deleteProject } from "../../../services/api-proxy/delete-project.ts";
import { onBehalfOf } from "../../actor.ts";
import { gatewayFailure } from "../../gateway/failure.ts";
import { gatewayResponses } from "../../gateway/failure-schema.ts";
import { ProjectParams } from "../../gateway/fields.ts";
import { done, SuccessSchema } from "../../gateway/success.ts";
import { answered } from "../../json-content.ts";
import type { Responds } from "../../respond.ts";
import { type Api, declareRoute, serve } from "../../route.ts";

const route = declareRoute(
  { needs: "admin", restricted: "refused", face: "gateway" },
  {
    method: "delete",
    path: "/apiops/projects/{projectName}/",
    tags: ["Projects"],
    summary: "Delete a project",
    description: "Its API proxies have to be deleted first.",
    operationId: "deleteProject",
    request: {
      params: ProjectParams,
    },
    responses: {
      200: answered("The project is gone", SuccessSchema),
      ...gatewayResponses("ProjectNotFound", "ProjectNotEmpty"),
    },
  },
);

export function deleteProjectRoute(api: Api) {
  serve(api, route, async (c): Responds<typeof route> => {
    const { projectName } = c.req.valid("param");
    const deleted = await api.run(onBehalfOf(c, deleteProject(projectName)));
    if (Result.isFailure(deleted)) return gatewayFailure(c, deleted.failure);
    return c.json(done, 200);
  });
}
