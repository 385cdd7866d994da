/**
 * Keys in a body.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";

const KeySchema = z
  .union(
    [z.string(), z.record(z.string(), z.string())],
    "Must be a key, or an object with a text for each name in the source's key_template",
  )
  .openapi("Key", {
    description: "A key, or the params to fill the source's `key_template` with",
    example: "/weather/Shanghai",
  });

/** Between one and `most` keys. */
export const keysSchema = (most: number) =>
  z
    .array(KeySchema)
    .min(1, "Must name at least one key")
    .max(most, `Must name at most ${most} keys`)
    .openapi({ example: ["/weather/Shanghai", { city: "Beijing" }] });
