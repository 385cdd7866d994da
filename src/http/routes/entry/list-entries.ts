/**
 * `GET /api/v1/cache/{source_id}/list`
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import * as Result from "effect/Result";
import type { Listed } from "../../../services/entry/entry-store.ts";
import { listEntries } from "../../../services/entry/list-entries.ts";
import { answered } from "../../json-content.ts";
import { pageAsked, PageQuery, pageSchema } from "../../page-query.ts";
import { problem, problemResponses } from "../../problems.ts";
import type { Responds } from "../../respond.ts";
import { type Api, declareRoute, serve } from "../../route.ts";
import { toInstant } from "../../wire.ts";
import { SourceIdParam } from "../source/source-schema.ts";

const ListedSchema = z
  .object({
    key: z.string().openapi({ example: "/weather/Shanghai" }),
    stale: z.boolean(),
    expires_at: z.iso
      .datetime()
      .openapi({ description: "Until then the entry is fresh" }),
    bytes: z.int().openapi({ description: "Of the body as it is stored", example: 512 }),
  })
  .openapi("ListedEntry");

const EntryListSchema = pageSchema(ListedSchema).openapi("EntryList");

const route = declareRoute(
  { needs: "view", restricted: "source" },
  {
    method: "get",
    path: "/api/v1/cache/{source_id}/list",
    tags: ["Cache"],
    summary: "List the keys that have an entry, in byte order",
    description:
      "A page may have fewer items than `limit` and still be followed by another: only a `next_cursor` of `null` ends the list. What is stored while paging is seen if its key is still to come.",
    operationId: "listEntries",
    request: {
      params: SourceIdParam,
      query: PageQuery.extend({
        prefix: z.string().optional().openapi({
          description:
            "Only keys that begin so; spelled as freely as a key, up to its end",
          example: "/weather/Sh",
        }),
      }),
    },
    responses: {
      200: answered("A page of the list", EntryListSchema),
      ...problemResponses(
        "Malformed",
        "NotAuthenticated",
        "NotPermitted",
        "SourceNotFound",
        "Invalid",
        "StoreUnavailable",
      ),
    },
  },
);

export function listEntriesRoute(api: Api) {
  serve(api, route, async (c): Responds<typeof route> => {
    const { source_id } = c.req.valid("param");
    const { prefix = "", ...page } = c.req.valid("query");
    const listed = await api.run(
      listEntries(source_id, { prefix, ...pageAsked(page) }),
      c.req.raw.signal,
    );
    if (Result.isFailure(listed)) return problem(c, listed.failure);
    const { entries, nextCursor, readAt } = listed.success;
    const items = entries.map((entry) => toWire(entry, readAt));
    return c.json({ items, next_cursor: nextCursor }, 200);
  });
}

function toWire(entry: Listed, now: number): z.infer<typeof ListedSchema> {
  return {
    key: entry.key,
    stale: now >= entry.freshUntil,
    expires_at: toInstant(entry.freshUntil),
    bytes: entry.bytes,
  };
}
