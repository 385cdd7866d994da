/**
 * `POST /api/v1/auth/logout`
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import * as Result from "effect/Result";
import { logout } from "../../../services/access/logout.ts";
import { onBehalfOf } from "../../actor.ts";
import { failureEnvelope, success } from "../../admin/envelope.ts";
import { envelopeResponses, successResponse } from "../../admin/envelope-schema.ts";
import { rules } from "../../admin/messages.ts";
import { sessionOf } from "../../authorize.ts";
import { optionalBodyOf } from "../../json-content.ts";
import type { Responds } from "../../respond.ts";
import { type Api, declareRoute, serve } from "../../route.ts";
import { sessionCookieHeader, takeSessionCookie } from "../../session-cookie.ts";

const LogoutSchema = z
  .strictObject({
    everywhere: z.boolean(rules.flag.en).nullish().openapi({
      description: "End all sessions of the user, not this one alone",
      example: false,
    }),
  })
  .openapi("Logout");

const done = successResponse(
  "How many sessions ended; the cookie is taken back",
  z.object({ ended_sessions: z.int().openapi({ example: 1 }) }),
);

const route = declareRoute(
  { needs: "login", restricted: "allowed", face: "admin" },
  {
    method: "post",
    path: "/api/v1/auth/logout",
    tags: ["Login"],
    summary: "Log out",
    description:
      "The session ends in every process. Who calls with a token has none to end; the token stays valid.",
    operationId: "logout",
    request: {
      body: optionalBodyOf(LogoutSchema),
    },
    responses: {
      200: { ...done, headers: { ...done.headers, ...sessionCookieHeader } },
      ...envelopeResponses(
        "Malformed",
        "NotAuthenticated",
        "Invalid",
        "StoreUnavailable",
      ),
    },
  },
);

export function logoutRoute(api: Api) {
  serve(api, route, async (c): Responds<typeof route> => {
    const session = sessionOf(c);
    if (session === undefined) return success(c, "loggedOut", { ended_sessions: 0 });
    const everywhere = c.req.valid("json")?.everywhere === true;
    const ended = await api.run(onBehalfOf(c, logout(session, everywhere)));
    if (Result.isFailure(ended)) return failureEnvelope(c, ended.failure);
    takeSessionCookie(c);
    return success(c, "loggedOut", { ended_sessions: ended.success });
  });
}
