/**
 * `GET /api/v1/cache/{source_id}/{key}/meta`
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import { ageSeconds } from "../../../domain/entry/freshness.ts";
import { readMeta } from "../../../services/entry/read-meta.ts";
import { keyTextOf } from "../../../services/source/read-key.ts";
import { budgetHeaders } from "../../cache-headers.ts";
import { budgetHeadersSchema, readHeadersSchema } from "../../header-schemas.ts";
import { answered } from "../../json-content.ts";
import { problem, problemResponses } from "../../problems.ts";
import { rawSegment } from "../../raw-path.ts";
import type { Responds } from "../../respond.ts";
import { type Api, declareRoute, serve } from "../../route.ts";
import { MetaSchema, toMeta } from "./entry-schema.ts";
import { KEY_SEGMENT, KeyParams } from "./key-params.ts";

const EntryMetaSchema = MetaSchema.extend({
  bytes: z.int().openapi({ description: "Of the body as it is stored", example: 512 }),
}).openapi("EntryMeta");

const route = declareRoute(
  { needs: "view", restricted: "source" },
  {
    method: "get",
    path: "/api/v1/cache/{source_id}/{key}/meta",
    tags: ["Cache"],
    summary: "Read what is known of one entry, without its data",
    description:
      "`key` is one path segment, as for a read. Nothing is asked of the upstream and nothing queued.",
    operationId: "readMeta",
    request: {
      params: KeyParams,
    },
    responses: {
      200: {
        ...answered("The entry's metadata", EntryMetaSchema),
        headers: {
          "X-UC-Cache": {
            ...readHeadersSchema["X-UC-Cache"],
            description: "HIT or STALE",
          },
          "X-UC-Age": readHeadersSchema["X-UC-Age"],
          "Cache-Control": { ...readHeadersSchema["Cache-Control"], example: "no-cache" },
          ...budgetHeadersSchema,
        },
      },
      ...problemResponses(
        "Malformed",
        "NotAuthenticated",
        "NotPermitted",
        "SourceNotFound",
        "EntryNotFound",
        "Invalid",
        "StoreUnavailable",
      ),
    },
  },
);

export function readMetaRoute(api: Api) {
  serve(api, route, async (c): Responds<typeof route> => {
    const { source_id } = c.req.valid("param");
    const program = Effect.flatMap(keyTextOf(rawSegment(c, KEY_SEGMENT)), (text) =>
      readMeta(source_id, text),
    );
    const read = await api.run(program, c.req.raw.signal);
    if (Result.isFailure(read)) return problem(c, read.failure);
    const { source, held, budget, readAt } = read.success;
    const { entry } = held;
    const meta = toMeta(source, held, readAt);
    return c.json({ ...meta, bytes: entry.body.length }, 200, {
      "X-UC-Cache": meta.stale ? "STALE" : "HIT",
      "X-UC-Age": String(ageSeconds(entry.lifetime, readAt)),
      // It moves with time and with refreshes, while the entry's tag stays.
      "Cache-Control": "no-cache",
      ...budgetHeaders(budget, readAt),
    });
  });
}
