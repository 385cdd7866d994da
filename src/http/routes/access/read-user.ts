/**
 * `GET /api/v1/users/{user_id}`
 *
 * @module
 */
import * as Result from "effect/Result";
import { readUser } from "../../../services/access/read-user.ts";
import { answered } from "../../json-content.ts";
import { problem, problemResponses } from "../../problems.ts";
import type { Responds } from "../../respond.ts";
import { type Api, declareRoute, serve } from "../../route.ts";
import { toWire, UserIdParam, UserSchema } from "./user-schema.ts";

const route = declareRoute(
  { needs: "admin", restricted: "refused" },
  {
    method: "get",
    path: "/api/v1/users/{user_id}",
    tags: ["Access"],
    summary: "Read a user",
    description: "Nothing of the password is told.",
    operationId: "readUser",
    request: { params: UserIdParam },
    responses: {
      200: answered("The user", UserSchema),
      ...problemResponses(
        "Malformed",
        "NotAuthenticated",
        "NotPermitted",
        "UserNotFound",
        "StoreUnavailable",
      ),
    },
  },
);

export function readUserRoute(api: Api) {
  serve(api, route, async (c): Responds<typeof route> => {
    const { user_id } = c.req.valid("param");
    const read = await api.run(readUser(user_id), c.req.raw.signal);
    if (Result.isFailure(read)) return problem(c, read.failure);
    return c.json(toWire(read.success), 200);
  });
}
