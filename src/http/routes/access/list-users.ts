/**
 * `GET /api/v1/users`
 *
 * @module
 */
import * as Result from "effect/Result";
import { listUsers } from "../../../services/access/list-users.ts";
import { answered } from "../../json-content.ts";
import { pageAsked, PageQuery, pageSchema } from "../../page-query.ts";
import { problem, problemResponses } from "../../problems.ts";
import type { Responds } from "../../respond.ts";
import { type Api, declareRoute, serve } from "../../route.ts";
import { toWire, UserSchema } from "./user-schema.ts";

const UserListSchema = pageSchema(UserSchema).openapi("UserList");

const route = declareRoute(
  { needs: "admin", restricted: "refused" },
  {
    method: "get",
    path: "/api/v1/users",
    tags: ["Access"],
    summary: "List users in the order they were made in",
    description: "Everyone who can log in, and those who could.",
    operationId: "listUsers",
    request: { query: PageQuery },
    responses: {
      200: answered("A page of the list", UserListSchema),
      ...problemResponses(
        "Malformed",
        "NotAuthenticated",
        "NotPermitted",
        "Invalid",
        "StoreUnavailable",
      ),
    },
  },
);

export function listUsersRoute(api: Api) {
  serve(api, route, async (c): Responds<typeof route> => {
    const listed = await api.run(
      listUsers(pageAsked(c.req.valid("query"))),
      c.req.raw.signal,
    );
    if (Result.isFailure(listed)) return problem(c, listed.failure);
    const { users, nextCursor } = listed.success;
    return c.json({ items: users.map(toWire), next_cursor: nextCursor }, 200);
  });
}
