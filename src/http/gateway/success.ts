/**
 * How the gateway's management says yes: `{success: true}`, and what was asked for.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { answered } from "../json-content.ts";

export const SuccessSchema = z
  .object({
    success: z.literal(true).openapi({
      description: "Indicates if the request was successful",
    }),
  })
  .openapi("GatewaySuccess", { example: { success: true } });

const success = { success: z.literal(true) };

export const resultSchema = <R extends z.ZodType>(result: R) =>
  z.object({ ...success, result });

export const listSchema = <R extends z.ZodType>(result: R) =>
  z.object({
    ...success,
    resultList: z.array(result),
    resultCount: z.int().openapi({ example: 1 }),
  });

/** A `responses` entry of what was made. */
export const created = <S extends z.ZodType>(
  description: string,
  schema: S,
  location: string,
) => ({
  ...answered(description, schema),
  headers: {
    Location: {
      description: "The path of it",
      schema: { type: "string" as const },
      example: location,
    },
  },
});

export const done = { success: true } as const;

export const resultOf = <R>(result: R) => ({ ...done, result });

export const listOf = <R>(resultList: R[]) => ({
  ...done,
  resultList,
  resultCount: resultList.length,
});
