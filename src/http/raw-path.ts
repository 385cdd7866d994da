/**
 * Segments of a request's path before anything decodes them.
 *
 * A router decodes what it can and leaves the rest, so that `%ZZ` and `%25ZZ` look alike.
 *
 * @module
 */
import type { Context } from "hono";
import { createMiddleware } from "hono/factory";
import { decodeKeySegment } from "../domain/source/cache-key.ts";
import { CONTROL } from "../domain/source/percent-encoding.ts";
import { Malformed } from "../services/errors.ts";
import { failure } from "./faces.ts";

/** Segment `index` of the raw path, `""` when there is none; `/a/b` has `a` at 1. */
export function rawSegment(c: Context, index: number): string {
  return rawPath(c).split("/")[index] ?? "";
}

/** Path and query of the request, as they were sent. */
export function rawTarget(c: Context): string {
  return rawPath(c) + (URL.parse(c.req.url)?.search ?? "");
}

/**
 * Answers 400 for a path with a segment that can't be decoded or holds a control character,
 * naming the parameter of `template` that it stands for.
 */
export const readablePath = (template: string) => {
  const names = template.split("/").map((part) => /^\{(.+)\}$/.exec(part)?.[1] ?? "path");
  return createMiddleware(async (c, next) => {
    for (const [index, segment] of rawPath(c).split("/").entries()) {
      const reason = segmentFault(segment);
      if (reason === undefined) continue;
      return failure(c, new Malformed({ field: names[index] ?? "path", reason }));
    }
    return next();
  });
};

function segmentFault(segment: string): string | undefined {
  if (!segment.includes("%")) return undefined;
  const decoded = decodeKeySegment(segment);
  if (decoded._tag === "Malformed") return decoded.reason;
  return CONTROL.test(decoded.text) ? "Control characters are not allowed" : undefined;
}

/** Of the request, before anything decodes it. */
export function rawPath(c: Context): string {
  const url = c.req.url;
  const start = url.startsWith("/") ? 0 : url.indexOf("/", url.indexOf("://") + 3);
  const end = url.slice(start).search(/[?#]/);
  return end < 0 ? url.slice(start) : url.slice(start, start + end);
}
