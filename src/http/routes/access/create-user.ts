/**
 * `POST /api/v1/users`
 *
 * @module
 */
import * as Result from "effect/Result";
import { createUser } from "../../../services/access/create-user.ts";
import { onBehalfOf } from "../../actor.ts";
import { describeHeader } from "../../header-schemas.ts";
import { answered, bodyOf } from "../../json-content.ts";
import { problem, problemResponses } from "../../problems.ts";
import type { Responds } from "../../respond.ts";
import { type Api, declareRoute, serve } from "../../route.ts";
import { toWire, UserDraftSchema, UserSchema } from "./user-schema.ts";

const route = declareRoute(
  { needs: "admin", restricted: "refused" },
  {
    method: "post",
    path: "/api/v1/users",
    tags: ["Access"],
    summary: "Make a user who can log in",
    description: "A taken name answers 409. The password is kept as a hash only.",
    operationId: "createUser",
    request: {
      body: bodyOf(UserDraftSchema),
    },
    responses: {
      201: {
        ...answered("The user", UserSchema),
        headers: {
          Location: describeHeader("The path of the user", "/api/v1/users/7"),
        },
      },
      ...problemResponses(
        "Malformed",
        "NotAuthenticated",
        "NotPermitted",
        "UserExists",
        "Invalid",
        "StoreUnavailable",
      ),
    },
  },
);

export function createUserRoute(api: Api) {
  serve(api, route, async (c): Responds<typeof route> => {
    const { is_active: isActive = true, ...draft } = c.req.valid("json");
    const created = await api.run(onBehalfOf(c, createUser({ ...draft, isActive })));
    if (Result.isFailure(created)) return problem(c, created.failure);
    const user = created.success;
    return c.json(toWire(user), 201, { Location: `/api/v1/users/${user.id}` });
  });
}
