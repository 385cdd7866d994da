/**
 * `GET /api/v1/auth/csrf-token`
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import * as Result from "effect/Result";
import { csrfTokenFor } from "../../../services/access/csrf.ts";
import { failureEnvelope, success } from "../../admin/envelope.ts";
import { envelopeResponses, successResponse } from "../../admin/envelope-schema.ts";
import type { Responds } from "../../respond.ts";
import { type Api, declareRoute, serve } from "../../route.ts";
import { giveSessionCookie, sessionCookieHeader } from "../../session-cookie.ts";

const done = successResponse(
  "The token, and the cookie it belongs to where a new one is needed",
  z.object({
    csrf_token: z.string().openapi({
      description: "To be sent as `X-CSRFToken`",
      example: "TxsrC4Is0V1sFbDwCggn4bQgYhMfWWaL-qgxVrQFaO_",
    }),
  }),
);

const route = declareRoute(
  { needs: "nothing", restricted: "allowed", face: "admin" },
  {
    method: "get",
    path: "/api/v1/auth/csrf-token",
    tags: ["Login"],
    summary: "Get the token that unsafe calls with a session need",
    description:
      "Who is logged in gets the session's token. Anyone else gets one for logging in, and a cookie along with it, good for an hour. A login brings a new session, which has a token of its own.",
    operationId: "readCsrfToken",
    responses: {
      200: { ...done, headers: { ...done.headers, ...sessionCookieHeader } },
      ...envelopeResponses("StoreUnavailable"),
    },
  },
);

export function readCsrfTokenRoute(api: Api) {
  serve(api, route, async (c): Responds<typeof route> => {
    const made = await api.run(csrfTokenFor(c.req.header("cookie")), c.req.raw.signal);
    if (Result.isFailure(made)) return failureEnvelope(c, made.failure);
    const { token, newValue } = made.success;
    if (newValue !== undefined) giveSessionCookie(c, newValue);
    return success(c, "csrfTokenMade", { csrf_token: token });
  });
}
