/**
 * JSON in the description of a route: what it takes, and what it answers.
 *
 * @module
 */
import type { z } from "@hono/zod-openapi";

const jsonOf = <S extends z.ZodType>(schema: S) => ({ "application/json": { schema } });

/** A body that must be there. */
export const bodyOf = <S extends z.ZodType>(schema: S) => ({
  required: true as const,
  content: jsonOf(schema),
});

/** A body that may be left out. */
export const optionalBodyOf = <S extends z.ZodType>(schema: S) => ({
  required: false as const,
  content: jsonOf(schema),
});

/** A `responses` entry. */
export const answered = <S extends z.ZodType>(description: string, schema: S) => ({
  description,
  content: jsonOf(schema),
});
