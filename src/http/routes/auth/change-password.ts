/**
 * `POST /api/v1/auth/change-password`
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import * as Result from "effect/Result";
import { changePassword } from "../../../services/access/change-password.ts";
import { NotPermitted } from "../../../services/access/errors.ts";
import { onBehalfOf } from "../../actor.ts";
import { failureEnvelope, success } from "../../admin/envelope.ts";
import { doneResponse, envelopeResponses } from "../../admin/envelope-schema.ts";
import { sessionOf } from "../../authorize.ts";
import { clientIp } from "../../client-address.ts";
import { bodyOf } from "../../json-content.ts";
import type { Responds } from "../../respond.ts";
import { type Api, declareRoute, serve } from "../../route.ts";
import { PasswordGiven } from "./account-schema.ts";

const PasswordChangeSchema = z
  .strictObject({ current_password: PasswordGiven, new_password: PasswordGiven })
  .openapi("PasswordChange");

const route = declareRoute(
  { needs: "login", restricted: "allowed", face: "admin" },
  {
    method: "post",
    path: "/api/v1/auth/change-password",
    tags: ["Login"],
    summary: "Change one's own password",
    description:
      "All other sessions of the user end. A token has no password: 403. Tries of the current password count as logins do.",
    operationId: "changePassword",
    request: {
      body: bodyOf(PasswordChangeSchema),
    },
    responses: {
      200: doneResponse("The new password holds"),
      ...envelopeResponses(
        "Malformed",
        "Invalid",
        "NotAuthenticated",
        "InvalidCredentials",
        "NotPermitted",
        "TooManyLogins",
        "StoreUnavailable",
      ),
    },
  },
);

export function changePasswordRoute(api: Api) {
  serve(api, route, async (c): Responds<typeof route> => {
    const session = sessionOf(c);
    if (session === undefined) {
      return failureEnvelope(c, new NotPermitted({ permission: "of a logged-in user" }));
    }
    const { current_password: current, new_password: wanted } = c.req.valid("json");
    const change = { current, wanted, address: clientIp(c) };
    const changed = await api.run(onBehalfOf(c, changePassword(session, change)));
    if (Result.isFailure(changed)) return failureEnvelope(c, changed.failure);
    return success(c, "passwordChanged");
  });
}
