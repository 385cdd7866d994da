/**
 * The faces of the API, and how each tells an error.
 *
 * What stands in front of a route's handler answers through here, so that a refusal has
 * the shape of the face that was asked.
 *
 * @module
 */
import type { Context } from "hono";
import { createMiddleware } from "hono/factory";
import type { ServiceError } from "../services/errors.ts";
import { failureEnvelope, partsEnvelope } from "./admin/envelope.ts";
import { gatewayFailure, gatewayPartsFailure } from "./gateway/failure.ts";
import type { ProblemParts } from "./problem-schema.ts";
import { problem, problemAnswer } from "./problems.ts";

/**
 * `api`: problem details. `admin`: the envelope of the admin cache contract. `gateway`: the
 * management of the gateway.
 */
export type Face = "api" | "admin" | "gateway";

interface FaceEnv {
  readonly Variables: { readonly face?: Face };
}

/** Says which face the route behind it belongs to. */
export const facing = (face: Face) =>
  createMiddleware<FaceEnv>((c, next) => {
    c.set("face", face);
    return next();
  });

/** Answers with `error`. */
export function failure(c: Context, error: ServiceError): Response {
  switch (faceOf(c)) {
    case "api":
      return problem(c, error);
    case "admin":
      return failureEnvelope(c, error);
    case "gateway":
      return gatewayFailure(c, error);
  }
}

/** Answers with what no service error stands for. */
export function failureOf(c: Context, parts: ProblemParts): Response {
  switch (faceOf(c)) {
    case "api":
      return problemAnswer(c, parts);
    case "admin":
      return partsEnvelope(c, parts);
    case "gateway":
      return gatewayPartsFailure(c, parts);
  }
}

function faceOf(c: Context<FaceEnv>): Face {
  return c.get("face") ?? "api";
}
