/**
 * `GET /api/v1/sources`
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import * as Result from "effect/Result";
import { seesSource } from "../../../domain/access/caller.ts";
import { SourceStore } from "../../../services/source/source-store.ts";
import { callerOf } from "../../authorize.ts";
import { answered } from "../../json-content.ts";
import { problem, problemResponses } from "../../problems.ts";
import type { Responds } from "../../respond.ts";
import { type Api, declareRoute, serve } from "../../route.ts";
import { SourceSchema, toWire } from "./source-schema.ts";

const route = declareRoute(
  { needs: "view", restricted: "narrowed" },
  {
    method: "get",
    path: "/api/v1/sources",
    tags: ["Sources"],
    summary: "List all sources, ordered by id",
    description: "All of them in one array. Secret values are `***`.",
    operationId: "listSources",
    responses: {
      200: answered("Every source, secrets masked", z.array(SourceSchema)),
      ...problemResponses(
        "Malformed",
        "NotAuthenticated",
        "NotPermitted",
        "StoreUnavailable",
      ),
    },
  },
);

export function listSourcesRoute(api: Api) {
  serve(api, route, async (c): Responds<typeof route> => {
    const listed = await api.run(
      SourceStore.use((store) => store.list),
      c.req.raw.signal,
    );
    if (Result.isFailure(listed)) return problem(c, listed.failure);
    const caller = callerOf(c);
    const seen = listed.success.filter(({ id }) => seesSource(caller, id));
    return c.json(seen.map(toWire), 200);
  });
}
