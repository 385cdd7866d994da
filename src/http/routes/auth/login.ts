/**
 * `POST /api/v1/auth/login`
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import * as Result from "effect/Result";
import { login } from "../../../services/access/login.ts";
import { failureEnvelope, success } from "../../admin/envelope.ts";
import { envelopeResponses, successResponse } from "../../admin/envelope-schema.ts";
import { rules } from "../../admin/messages.ts";
import { clientIp } from "../../client-address.ts";
import { bodyOf } from "../../json-content.ts";
import type { Responds } from "../../respond.ts";
import { type Api, declareRoute, serve } from "../../route.ts";
import { giveSessionCookie, sessionCookieHeader } from "../../session-cookie.ts";
import { AccountSchema, PasswordGiven, toAccount } from "./account-schema.ts";

const LoginSchema = z
  .strictObject({
    username: z
      .string(rules.username.en)
      .min(1, rules.username.en)
      .max(256, rules.username.en)
      .openapi({ example: "mia" }),
    password: PasswordGiven,
  })
  .openapi("Login");

const done = successResponse(
  "The user, and the cookie of a new session",
  z.object({ user: AccountSchema }),
);

const route = declareRoute(
  { needs: "nothing", restricted: "allowed", face: "admin" },
  {
    method: "post",
    path: "/api/v1/auth/login",
    tags: ["Login"],
    summary: "Log in",
    description:
      "Needs `X-CSRFToken` and its cookie, from `GET /api/v1/auth/csrf-token`. The session ends after 12 hours without a call, and after 7 days. Ten tries a minute for a name and an address, and a hundred wrong ones in a quarter of an hour for an address, then 429.",
    operationId: "login",
    request: {
      headers: z.object({
        "x-csrftoken": z.string().optional().openapi({
          description: "The token of `GET /api/v1/auth/csrf-token`",
          example: "TxsrC4Is0V1sFbDwCggn4bQgYhMfWWaL-qgxVrQFaO_",
        }),
      }),
      body: bodyOf(LoginSchema),
    },
    responses: {
      200: { ...done, headers: { ...done.headers, ...sessionCookieHeader } },
      ...envelopeResponses(
        "Invalid",
        "InvalidCredentials",
        "AccountDisabled",
        "TooManyLogins",
        "StoreUnavailable",
      ),
    },
  },
);

export function loginRoute(api: Api) {
  serve(api, route, async (c): Responds<typeof route> => {
    const { username, password } = c.req.valid("json");
    const cookie = c.req.header("cookie");
    const address = clientIp(c);
    const opened = await api.run(login({ username, password, address, cookie }));
    if (Result.isFailure(opened)) return failureEnvelope(c, opened.failure);
    const { user, value } = opened.success;
    giveSessionCookie(c, value);
    return success(c, "loggedIn", { user: toAccount(user) });
  });
}
