/**
 * `PATCH /api/v1/users/{user_id}`
 *
 * @module
 */
import * as Result from "effect/Result";
import { changeUser } from "../../../services/access/change-user.ts";
import { onBehalfOf } from "../../actor.ts";
import { answered, bodyOf } from "../../json-content.ts";
import { problem, problemResponses } from "../../problems.ts";
import type { Responds } from "../../respond.ts";
import { type Api, declareRoute, serve } from "../../route.ts";
import { toWire, UserIdParam, UserPatchSchema, UserSchema } from "./user-schema.ts";

const route = declareRoute(
  { needs: "admin", restricted: "refused" },
  {
    method: "patch",
    path: "/api/v1/users/{user_id}",
    tags: ["Access"],
    summary: "Change a user's role, password, or whether the user may log in",
    description:
      "A role holds from the user's next call on. Another password, and `is_active: false`, end all sessions of the user. The last active admin stays one: 409.",
    operationId: "changeUser",
    request: {
      params: UserIdParam,
      body: bodyOf(UserPatchSchema),
    },
    responses: {
      200: answered("The changed user", UserSchema),
      ...problemResponses(
        "Malformed",
        "NotAuthenticated",
        "NotPermitted",
        "UserNotFound",
        "LastAdmin",
        "Invalid",
        "StoreUnavailable",
      ),
    },
  },
);

export function changeUserRoute(api: Api) {
  serve(api, route, async (c): Responds<typeof route> => {
    const { user_id } = c.req.valid("param");
    const { role, password, is_active: isActive } = c.req.valid("json");
    const patch = { role, password, isActive };
    const changed = await api.run(onBehalfOf(c, changeUser(user_id, patch)));
    if (Result.isFailure(changed)) return problem(c, changed.failure);
    return c.json(toWire(changed.success), 200);
  });
}
