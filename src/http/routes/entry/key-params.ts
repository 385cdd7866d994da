/**
 * The parameters of a route that is about one key.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";

/** `key` is one path segment; what it says is read from the raw path. */
export const KeyParams = z.object({
  source_id: z.string().openapi({
    description: "The source's id",
    example: "weather",
    param: { name: "source_id", in: "path" },
  }),
  key: z.string().openapi({
    description: "One path segment: `/` in it is sent as `%2F`",
    example: "/weather/Shanghai",
    param: { name: "key", in: "path" },
  }),
});

/** Where the key stands in the raw path of every such route. */
export const KEY_SEGMENT = 5;
