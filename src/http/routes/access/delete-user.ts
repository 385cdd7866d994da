/**
 * `DELETE /api/v1/users/{user_id}`
 *
 * @module
 */
import * as Result from "effect/Result";
import { deleteUser } from "../../../services/access/delete-user.ts";
import { onBehalfOf } from "../../actor.ts";
import { problem, problemResponses } from "../../problems.ts";
import { noContent, type Responds } from "../../respond.ts";
import { type Api, declareRoute, serve } from "../../route.ts";
import { UserIdParam } from "./user-schema.ts";

const route = declareRoute(
  { needs: "admin", restricted: "refused" },
  {
    method: "delete",
    path: "/api/v1/users/{user_id}",
    tags: ["Access"],
    summary: "Delete a user",
    description:
      "Every session of the user ends. The last active admin can't be deleted: 409.",
    operationId: "deleteUser",
    request: { params: UserIdParam },
    responses: {
      204: { description: "The user is gone" },
      ...problemResponses(
        "Malformed",
        "NotAuthenticated",
        "NotPermitted",
        "UserNotFound",
        "LastAdmin",
        "StoreUnavailable",
      ),
    },
  },
);

export function deleteUserRoute(api: Api) {
  serve(api, route, async (c): Responds<typeof route> => {
    const { user_id } = c.req.valid("param");
    const deleted = await api.run(onBehalfOf(c, deleteUser(user_id)));
    if (Result.isFailure(deleted)) return problem(c, deleted.failure);
    return noContent(c);
  });
}
