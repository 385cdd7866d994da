/**
 * Segments of a request's path before anything decodes them.
 *
 * A router decodes what it can and leaves the rest, so that `%ZZ` and `%25ZZ` look alike.
 *
 * @module
 */
import type { Context } from "hono";

/** Segment `index` of the raw path, `""` when there is none; `/a/b` has `a` at 1. */
export function rawSegment(c: Context, index: number): string {
  const url = c.req.url;
  const start = url.startsWith("/") ? 0 : url.indexOf("/", url.indexOf("://") + 3);
  const end = url.slice(start).search(/[?#]/);
  const path = end < 0 ? url.slice(start) : url.slice(start, start + end);
  return path.split("/")[index] ?? "";
}
