/**
 * What is answered before the service is ready: it is alive, and nothing else yet.
 *
 * @module
 */
import type { Problem } from "./problem-schema.ts";
import { SECURE_HEADERS } from "./secure-headers.ts";

export function answerStarting(request: Request): Response {
  const path = URL.parse(request.url)?.pathname ?? "/";
  const requestId = crypto.randomUUID();
  const headers = {
    "Content-Type": "application/json; charset=utf-8",
    "Cache-Control": "no-store",
    "X-Request-Id": requestId,
    ...SECURE_HEADERS,
  };
  if (path === "/api/v1/healthz") {
    return new Response(JSON.stringify({ status: "ok" }), { headers });
  }
  const problem: Problem = {
    type: "about:blank",
    title: "Starting",
    status: 503,
    detail: "Cannot answer yet: the service is starting",
    instance: path,
    code: "STARTING",
    request_id: requestId,
  };
  return new Response(JSON.stringify(problem), {
    status: 503,
    headers: { ...headers, "Retry-After": "1" },
  });
}
