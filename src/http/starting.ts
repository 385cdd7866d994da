/**
 * What is answered before the service is ready: it is alive, and nothing else yet.
 *
 * @module
 */

export function answerStarting(request: Request): Response {
  const path = URL.parse(request.url)?.pathname;
  if (path === "/api/v1/healthz") return json(200, { status: "ok" });
  return json(503, {
    type: "about:blank",
    title: "Starting",
    status: 503,
    detail: "Cannot answer yet: the service is starting",
    instance: path ?? "/",
    code: "STARTING",
    request_id: "",
  });
}

function json(status: number, body: object): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: {
      "Content-Type": "application/json; charset=utf-8",
      "Cache-Control": "no-store",
      ...(status === 503 ? { "Retry-After": "1" } : {}),
    },
  });
}
