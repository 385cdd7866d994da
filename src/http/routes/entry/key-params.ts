/**
 * The parameters of a route that is about one key.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { SourceIdParam } from "../source/source-schema.ts";

/** `key` is one path segment; what it says is read from the raw path. */
export const KeyParams = SourceIdParam.extend({
  key: z.string().openapi({
    description: "One path segment: `/` in it is sent as `%2F`",
    example: "/weather/Shanghai",
    param: { name: "key", in: "path" },
  }),
});

/** Where the key stands in the raw path of every such route. */
export const KEY_SEGMENT = 5;
