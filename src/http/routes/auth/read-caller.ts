/**
 * `GET /api/v1/auth/me`
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { success } from "../../admin/envelope.ts";
import { envelopeResponses, successResponse } from "../../admin/envelope-schema.ts";
import { callerOf, sessionOf } from "../../authorize.ts";
import type { Responds } from "../../respond.ts";
import { type Api, declareRoute, serve } from "../../route.ts";
import { RoleSchema } from "../access/token-schema.ts";
import { AccountSchema, toAccount } from "./account-schema.ts";

const CallingTokenSchema = z
  .object({
    id: z.string().openapi({ example: "k_019a9f3c2b1e4d5f60718293a4b5c6d7" }),
    name: z.string().openapi({ example: "weather team" }),
    role: RoleSchema,
  })
  .openapi("CallingToken");

const route = declareRoute(
  { needs: "login", restricted: "allowed", face: "admin" },
  {
    method: "get",
    path: "/api/v1/auth/me",
    tags: ["Login"],
    summary: "Who is calling",
    description: "The user who is logged in, or the token that the call was made with.",
    operationId: "readCaller",
    responses: {
      200: successResponse(
        "The caller",
        z.object({
          user: AccountSchema.nullable().openapi({
            description: "`null`: a token calls",
          }),
          token: CallingTokenSchema.nullable().openapi({
            description: "`null`: a user calls",
          }),
        }),
      ),
      ...envelopeResponses("Malformed", "NotAuthenticated"),
    },
  },
);

export function readCallerRoute(api: Api) {
  serve(api, route, async (c): Responds<typeof route> => {
    const session = sessionOf(c);
    if (session !== undefined) {
      return success(c, "callerRead", { user: toAccount(session.user), token: null });
    }
    const { id, name, role } = callerOf(c);
    return success(c, "callerRead", { user: null, token: { id, name, role } });
  });
}
