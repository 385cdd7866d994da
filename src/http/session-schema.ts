/**
 * What the OpenAPI document says of every route that a session may call.
 *
 * @module
 */
import type { RouteConfig } from "@hono/zod-openapi";
import type { Needs } from "../domain/access/permission.ts";
import { SESSION_COOKIE } from "../domain/access/session-cookie.ts";
import { envelopeResponses } from "./admin/envelope-schema.ts";
import { CSRF_HEADER, isSafe } from "./csrf.ts";
import type { Face } from "./faces.ts";
import { gatewayFailures } from "./gateway/failure-schema.ts";
import { eitherResponses } from "./problem-schema.ts";
import { problemResponses } from "./problems.ts";

type Responses = RouteConfig["responses"];

/** A token in either header, or a session; unsafe methods need its CSRF token besides. */
export function securityOf(needs: Needs, method: string) {
  if (needs === "nothing") return [];
  const session = isSafe(method) ? { session: [] } : { session: [], csrf: [] };
  return [{ bearer: [] }, { apiKey: [] }, session];
}

/** By the names that `securityOf` uses. */
export const sessionSchemes = {
  session: {
    type: "apiKey",
    in: "cookie",
    name: SESSION_COOKIE,
    description: "Who is logged in, by `POST /api/v1/auth/login`",
  },
  csrf: {
    type: "apiKey",
    in: "header",
    name: CSRF_HEADER,
    description: "The session's token, from `GET /api/v1/auth/csrf-token`",
  },
} as const;

/** `responses`, and what looking at the caller's session can answer besides. */
export function responsesWithSession<R extends Responses>(
  { needs, face = "api" }: { readonly needs: Needs; readonly face?: Face },
  method: string,
  responses: R,
): R {
  const described = {
    api: problemResponses,
    admin: envelopeResponses,
    gateway: gatewayFailures,
  }[face];
  const ofSession = needs === "nothing" ? {} : described("StoreUnavailable");
  const ofCsrf = isSafe(method) ? {} : described("CsrfMissing", "CsrfInvalid");
  // Safe because only answers that no handler gives are added.
  return eitherResponses(responses, { ...ofSession, ...ofCsrf }) as R;
}
