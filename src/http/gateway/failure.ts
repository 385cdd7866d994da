/**
 * How the gateway's management says no: `{error, error_description}`.
 *
 * Whatever a client can mend in its request is 400, and said in one sentence that names the
 * field.
 *
 * Source: seed 003 ("Error Response"), contract §7.
 *
 * @module
 */
import type { Context, TypedResponse } from "hono";
import type { FieldProblem, ServiceError } from "../../services/errors.ts";
import type { ProblemParts } from "../problem-schema.ts";
import { problemParts, type StatusOf } from "../problems.ts";

export interface GatewayErrorBody {
  readonly error: string;
  readonly error_description: string;
}

/** The statuses of other faces that are 400 here. */
type BadRequest = 413 | 415 | 422;
type GatewayStatus<S extends number> = S extends BadRequest ? 400 : S;

export type GatewayStatusOf<T extends ServiceError["_tag"]> = GatewayStatus<StatusOf<T>>;

const WORDS: Readonly<Record<number, string>> = {
  400: "bad_request",
  401: "unauthorized_client",
  403: "forbidden",
  404: "not_found",
  409: "conflict",
  429: "rate_limit_exceeded",
  500: "internal_error",
  502: "bad_gateway",
  503: "service_unavailable",
  504: "gateway_timeout",
};

export function gatewayFailure<E extends ServiceError>(c: Context, error: E) {
  const response = gatewayPartsFailure(c, gatewayParts(error));
  // Safe because the row has the status of its tag, and every failure has the one shape.
  return response as Response &
    TypedResponse<GatewayErrorBody, GatewayStatusOf<E["_tag"]>, "json">;
}

/** What the table of problems has of `error`, in the words of this face. */
export function gatewayParts(error: ServiceError): ProblemParts {
  const parts = problemParts(error);
  return error._tag === "NotAuthenticated"
    ? { ...parts, detail: "Invalid token" }
    : parts;
}

/** Answers with what no service error stands for. */
export function gatewayPartsFailure(c: Context, parts: ProblemParts): Response {
  const { status, body } = gatewayAnswer(parts);
  return c.json(body, status as 500, {
    ...parts.headers,
    "Content-Type": "application/json; charset=utf-8",
    "Cache-Control": "no-store",
  });
}

export function gatewayAnswer({ status, detail, errors = [] }: ProblemParts) {
  const known = status === 413 || status === 415 || status === 422 ? 400 : status;
  const [first] = errors;
  const body: GatewayErrorBody = {
    error: WORDS[known] ?? "internal_error",
    error_description: first === undefined ? detail : sentence(first),
  };
  return { status: known, body };
}

/**
 * `ttl` and `Must be a number` make `ttl must be a number`. A `handlingAction` that is not
 * there is told as in seed 003, wherever it is missed.
 */
function sentence({ field: path, message }: FieldProblem): string {
  const isMissed = message === "is required" && path.endsWith(".handlingAction");
  const field = isMissed ? "handlingAction" : path;
  if (message === "No such field") return `${field} is not a known field`;
  if (message.startsWith("Must ")) return `${field} must ${message.slice(5)}`;
  if (message.startsWith("Not ")) return `${field} is not ${message.slice(4)}`;
  return /^[a-z]/.test(message) ? `${field} ${message}` : `${field}: ${message}`;
}
