/**
 * The envelope in which the admin cache contract answers.
 *
 * @module
 */
import type { Context } from "hono";
import type { ServiceError } from "../../services/errors.ts";
import type { ProblemParts } from "../problem-schema.ts";
import { problemParts } from "../problems.ts";

/** Answers with `error`. */
export function failureEnvelope(c: Context, error: ServiceError): Response {
  return partsEnvelope(c, problemParts(error));
}

/** Answers with what no service error stands for. */
export function partsEnvelope(c: Context, parts: ProblemParts): Response {
  const body = {
    success: false,
    error: true,
    message_code: parts.code,
    message: parts.detail,
  };
  return c.json(body, parts.status as 500, parts.headers);
}
