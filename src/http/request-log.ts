/**
 * One line for each request.
 *
 * @module
 */
import { createMiddleware } from "hono/factory";

export interface RequestLine {
  readonly requestId: string;
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly status: number;
  readonly millis: number;
  /** HIT, MISS, STALE or BYPASS where a cache was read. */
  readonly cache: string | undefined;
  /** What failed inside, for a 500. */
  readonly error: unknown;
}

export type RequestLog = (line: RequestLine) => void;

export const requestLog = (log: RequestLog) =>
  createMiddleware(async (c, next) => {
    const startedAt = performance.now();
    await next();
    log({
      requestId: c.get("requestId"),
      method: c.req.method,
      path: c.req.path,
      status: c.res.status,
      millis: Math.round((performance.now() - startedAt) * 10) / 10,
      cache: c.res.headers.get("X-UC-Cache") ?? undefined,
      error: c.res.status === 500 ? c.error : undefined,
    });
  });
