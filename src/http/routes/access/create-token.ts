/**
 * `POST /api/v1/tokens`
 *
 * @module
 */
import * as Result from "effect/Result";
import { createToken } from "../../../services/access/create-token.ts";
import { onBehalfOf } from "../../actor.ts";
import { describeHeader } from "../../header-schemas.ts";
import { answered, bodyOf } from "../../json-content.ts";
import { problem, problemResponses } from "../../problems.ts";
import type { Responds } from "../../respond.ts";
import { type Api, declareRoute, serve } from "../../route.ts";
import { NewTokenSchema, toDraft, TokenDraftSchema, toNewWire } from "./token-schema.ts";

const route = declareRoute(
  { needs: "admin", restricted: "refused" },
  {
    method: "post",
    path: "/api/v1/tokens",
    tags: ["Access"],
    summary: "Make a token",
    description:
      "The token is in this answer and nowhere else. It is valid here at once, and in every process within a second.",
    operationId: "createToken",
    request: {
      body: bodyOf(TokenDraftSchema),
    },
    responses: {
      201: {
        ...answered("The token, shown this once", NewTokenSchema),
        headers: {
          "Cache-Control": describeHeader("It is a secret", "no-store"),
        },
      },
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

export function createTokenRoute(api: Api) {
  serve(api, route, async (c): Responds<typeof route> => {
    const draft = toDraft(c.req.valid("json"));
    const created = await api.run(onBehalfOf(c, createToken(draft)));
    if (Result.isFailure(created)) return problem(c, created.failure);
    const { record, token } = created.success;
    return c.json(toNewWire(record, token), 201, { "Cache-Control": "no-store" });
  });
}
