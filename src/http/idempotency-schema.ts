/**
 * `Idempotency-Key` and `Idempotent-Replayed` in the OpenAPI document.
 *
 * @module
 */
import type { RouteConfig } from "@hono/zod-openapi";
import { LONGEST_KEY } from "../domain/idempotency/idempotency-key.ts";
import { isKept } from "../domain/idempotency/kept-answer.ts";
import { eitherResponses } from "./problem-schema.ts";
import { problemResponses } from "./problems.ts";

export const REPLAYED = "Idempotent-Replayed";

/** How the key is described among a route's parameters. */
export const idempotencyKeyParameter = {
  name: "Idempotency-Key",
  in: "header" as const,
  required: false,
  description:
    "Names this request: sent again within 24 hours, it is not carried out again but has its first answer again (2xx, 404, 409, 422).",
  schema: { type: "string" as const, minLength: 1, maxLength: LONGEST_KEY },
  example: "8e03978e-40d5-43dd-bc93-6894a57f9324",
};

const replayedHeader = {
  [REPLAYED]: {
    description: "`true` where this is the first answer to the `Idempotency-Key` again",
    schema: { type: "string" as const, enum: ["true"] },
    example: "true",
  },
};

const keyProblems = problemResponses("IdempotencyKeyRunning", "IdempotencyKeyReused");

type Responses = RouteConfig["responses"];

/** `responses` of a route, and those that the key brings with it. */
export function responsesOnce(responses: Responses): Responses {
  const all = {
    ...problemResponses("StoreUnavailable"),
    ...eitherResponses(responses, keyProblems),
  };
  const described = Object.entries<Responses[string]>(all).map(([status, response]) => [
    status,
    isKept(Number(status)) ? withReplayed(response) : response,
  ]);
  return Object.fromEntries(described);
}

function withReplayed(response: Responses[string]): Responses[string] {
  if ("$ref" in response) return response;
  // Safe because every route describes its headers by plain objects.
  const headers = (response.headers ?? {}) as Record<string, object>;
  return { ...response, headers: { ...headers, ...replayedHeader } };
}
