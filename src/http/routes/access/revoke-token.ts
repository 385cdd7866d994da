/**
 * `DELETE /api/v1/tokens/{token_id}`
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import * as Result from "effect/Result";
import { revokeToken } from "../../../services/access/revoke-token.ts";
import { onBehalfOf } from "../../actor.ts";
import { problem, problemResponses } from "../../problems.ts";
import { noContent, type Responds } from "../../respond.ts";
import { type Api, declareRoute, serve } from "../../route.ts";

const route = declareRoute(
  { needs: "admin", restricted: "refused" },
  {
    method: "delete",
    path: "/api/v1/tokens/{token_id}",
    tags: ["Access"],
    summary: "Revoke a token",
    description:
      "It is valid here no longer, and within a second in no process. The bootstrap token can't be revoked; starting with another replaces it.",
    operationId: "revokeToken",
    request: {
      params: z.object({
        token_id: z.string().openapi({
          description: "The token's id",
          example: "k_019a9f3c2b1e4d5f60718293a4b5c6d7",
          param: { name: "token_id", in: "path" },
        }),
      }),
    },
    responses: {
      204: { description: "The token is revoked" },
      ...problemResponses(
        "Malformed",
        "NotAuthenticated",
        "NotPermitted",
        "TokenNotFound",
        "TokenNotRevocable",
        "StoreUnavailable",
      ),
    },
  },
);

export function revokeTokenRoute(api: Api) {
  serve(api, route, async (c): Responds<typeof route> => {
    const { token_id } = c.req.valid("param");
    const revoked = await api.run(onBehalfOf(c, revokeToken(token_id)));
    if (Result.isFailure(revoked)) return problem(c, revoked.failure);
    return noContent(c);
  });
}
