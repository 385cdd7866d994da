/**
 * Types and answers every route handler returns through.
 *
 * @module
 */
import type { RouteConfig, RouteConfigToTypedResponse } from "@hono/zod-openapi";
import type { Context, TypedResponse } from "hono";

/**
 * What a handler of `R` may answer. Write it on every handler.
 *
 * Left to itself, zod-openapi stops checking answers as soon as one declared
 * response has no body (https://github.com/honojs/middleware/issues/872).
 */
export type Responds<R extends RouteConfig> = Promise<RouteConfigToTypedResponse<R>>;

/** A `204`. Safe because zod-openapi types the absent body as `{}`. */
export function noContent(c: Context) {
  const response: Response = c.body(null, 204);
  return response as Response & TypedResponse<object, 204, string>;
}

/** A `304` with the headers a `200` would have had. Safe as `noContent` is. */
export function notModified(c: Context, headers: Record<string, string>) {
  const response: Response = c.body(null, 304, headers);
  return response as Response & TypedResponse<object, 304, string>;
}

/**
 * JSON that was put together from bytes. Safe because `Body` only names the shape for the
 * checks; the caller's test compares the bytes.
 */
export function jsonBytes<Body extends object, Status extends 200>(
  c: Context,
  bytes: Uint8Array,
  status: Status,
  headers: Record<string, string>,
) {
  const response: Response = c.body(bytes as Uint8Array<ArrayBuffer>, status, {
    ...headers,
    "Content-Type": "application/json; charset=utf-8",
    "Content-Length": String(bytes.length),
  });
  return response as Response & TypedResponse<Body, Status, "json">;
}
