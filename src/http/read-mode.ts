/**
 * How a client asks a read to be carried out, by its headers.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import type { ReadMode } from "../domain/entry/read-plan.ts";

/** `true` or `1`, `false` or `0`; anything else is refused. */
export const FlagHeader = z.enum(
  ["true", "1", "false", "0"],
  "Must be true, 1, false or 0",
);

export const isSet = (flag: z.infer<typeof FlagHeader> | undefined): boolean =>
  flag === "true" || flag === "1";

export const ReadHeaders = z.object({
  "x-uc-cache-only": FlagHeader.optional().openapi({
    description: "Answer from the cache alone: no upstream call, nothing queued",
  }),
  "if-none-match": z.string().max(16_384).optional().openapi({
    description: "Answer 304 when one of these tags is the entry's",
  }),
});

export function readMode(headers: z.infer<typeof ReadHeaders>): ReadMode {
  return isSet(headers["x-uc-cache-only"]) ? "cache-only" : "default";
}
