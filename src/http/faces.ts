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
import type { ProblemParts } from "./problem-schema.ts";
import { problem, problemAnswer } from "./problems.ts";

/** `api`: problem details. `admin`: the envelope of the admin cache contract. */
export type Face = "api" | "admin";

export interface FaceEnv {
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
  return faceOf(c) === "admin" ? failureEnvelope(c, error) : problem(c, error);
}

/** Answers with what no service error stands for. */
export function failureOf(c: Context, parts: ProblemParts): Response {
  return faceOf(c) === "admin" ? partsEnvelope(c, parts) : problemAnswer(c, parts);
}

function faceOf(c: Context<FaceEnv>): Face {
  return c.get("face") ?? "api";
}
