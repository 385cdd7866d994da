/**
 * A whole number in a query: decimal digits alone, no `0x10`, `1e1` or ` 5`.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";

/** From `least` to `most`, which has at most nine digits. */
export function wholeNumber(least: number, most: number) {
  const message = `Must be a whole number from ${least} to ${most}`;
  return z
    .string()
    .regex(/^\d{1,9}$/, message)
    .transform(Number)
    .refine((value) => value >= least && value <= most, message)
    .openapi({ type: "integer", minimum: least, maximum: most });
}
