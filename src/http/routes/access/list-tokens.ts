/**
 * `GET /api/v1/tokens`
 *
 * @module
 */
import * as Result from "effect/Result";
import { listTokens } from "../../../services/access/list-tokens.ts";
import { answered } from "../../json-content.ts";
import { pageAsked, PageQuery, pageSchema } from "../../page-query.ts";
import { problem, problemResponses } from "../../problems.ts";
import type { Responds } from "../../respond.ts";
import { type Api, declareRoute, serve } from "../../route.ts";
import { TokenSchema, toWire } from "./token-schema.ts";

const TokenListSchema = pageSchema(TokenSchema).openapi("TokenList");

const route = declareRoute(
  { needs: "admin", restricted: "refused" },
  {
    method: "get",
    path: "/api/v1/tokens",
    tags: ["Access"],
    summary: "List tokens in the order they were made in",
    description: "What a token is stays untold; expired ones are listed too.",
    operationId: "listTokens",
    request: { query: PageQuery },
    responses: {
      200: answered("A page of the list", TokenListSchema),
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

export function listTokensRoute(api: Api) {
  serve(api, route, async (c): Responds<typeof route> => {
    const listed = await api.run(
      listTokens(pageAsked(c.req.valid("query"))),
      c.req.raw.signal,
    );
    if (Result.isFailure(listed)) return problem(c, listed.failure);
    const { tokens, nextCursor } = listed.success;
    return c.json({ items: tokens.map(toWire), next_cursor: nextCursor }, 200);
  });
}
