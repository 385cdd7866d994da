/**
 * The header lines a request goes out with.
 *
 * The caller's lines stay as they are; those that belong to the connection or say where
 * the body ends are set here, so that a body can never run into the next request.
 *
 * Source: RFC 9112 §6 (framing), §9 (connection); RFC 9110 §7.2 (Host), §8.6.
 *
 * @module
 */
import { hostHeaderOf, type UpstreamOrigin } from "../../domain/source/origin.ts";
import { headerValue } from "../../domain/entry/entry.ts";
import type { UpstreamRequest } from "../../services/refresh/upstream.ts";

/** What the caller may not say about the connection. */
const ours = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "content-length",
  "upgrade",
  "te",
  "trailer",
]);

const withoutBody = new Set(["GET", "HEAD", "DELETE", "OPTIONS", "TRACE", "CONNECT"]);

/** The lines as `node:http` takes them raw: name, value, name, value … */
export function headerLines(origin: UpstreamOrigin, request: UpstreamRequest): string[] {
  const { headers } = request;
  const kept = headers.filter(([name]) => !ours.has(name.toLowerCase()));
  const host = headerValue(headers, "host");
  return [
    ...(host === undefined ? [["Host", hostHeaderOf(origin)] as const] : []),
    ...kept,
    ...framing(request),
    ["Connection", "keep-alive"] as const,
  ].flat();
}

/** The announced length of a streamed body, `undefined` where it goes out in chunks. */
export function announcedLength({ headers }: UpstreamRequest): number | undefined {
  const value = headerValue(headers, "content-length");
  return value !== undefined && /^\d{1,15}$/.test(value) ? Number(value) : undefined;
}

function framing(request: UpstreamRequest): readonly (readonly [string, string])[] {
  const { body, method } = request;
  if (body === undefined) {
    return withoutBody.has(method) ? [] : [["Content-Length", "0"]];
  }
  if (body instanceof Uint8Array) return [["Content-Length", String(body.length)]];
  const length = announcedLength(request);
  return length === undefined
    ? [["Transfer-Encoding", "chunked"]]
    : [["Content-Length", String(length)]];
}
