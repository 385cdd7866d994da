/**
 * `ANY /gw/{projectName}/{apiProxyName}/{path}`: the data plane.
 *
 * Who may call is said by each API proxy, and what an answer may do by the gateway's own
 * rules: the checks and headers of the other faces are not for it.
 *
 * @module
 */
import * as Result from "effect/Result";
import type { Context, Hono } from "hono";
import type { HeaderList } from "../../domain/entry/entry.ts";
import { VIA } from "../../domain/gateway/upstream-headers.ts";
import { answerRequest } from "../../services/gateway/answer-request.ts";
import type {
  GatewayAnswer,
  GatewayRequest,
} from "../../services/gateway/gateway-request.ts";
import { GatewayRefused, REFUSALS } from "../../services/gateway/refused.ts";
import { allowedAddress } from "../allow-list.ts";
import { clientAddress, isHttps } from "../client-address.ts";
import { rawPath } from "../raw-path.ts";
import type { Run } from "../run.ts";
import { streamOf } from "./body-stream.ts";

export function dataPlane(app: Pick<Hono, "use" | "all">, run: Run): void {
  app.use("/gw/*", allowedAddress({ needs: "nothing" }));
  app.all("/gw/*", async (c) => {
    const request = requestIn(c);
    if (request instanceof GatewayRefused) return refused(c, request);
    const outcome = await run(answerRequest(request), c.req.raw.signal);
    return Result.isFailure(outcome)
      ? refused(c, outcome.failure)
      : answered(c, outcome.success);
  });
}

function requestIn(c: Context): GatewayRequest | GatewayRefused {
  const { method, headers, body } = c.req.raw;
  const path = rawPath(c);
  const [, , project = "", proxy = "", ...rest] = path.split("/");
  const [projectName, proxyName] = [decoded(project), decoded(proxy)];
  if (projectName === undefined || proxyName === undefined) {
    return badRequest("The path has a malformed percent-escape");
  }
  const host = headers.get("host") ?? "";
  // Of two lines each reader along the way may believe another.
  if (host.includes(",")) return badRequest("Host is given twice");
  return {
    projectName,
    proxyName,
    method,
    path: `/${rest.join("/")}`,
    query: rawQuery(c.req.url),
    headers: [...headers],
    body: body === null ? undefined : (body as unknown as AsyncIterable<Uint8Array>),
    remoteAddress: clientAddress(c) ?? "",
    requestUri: path,
    serverName: host.replace(/:\d*$/, ""),
    scheme: isHttps(c) ? "https" : "http",
  };
}

const badRequest = (description: string) =>
  new GatewayRefused({ error: "bad_request", description });

function decoded(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}

function rawQuery(url: string): string | undefined {
  const at = url.indexOf("?");
  return at < 0 ? undefined : url.slice(at + 1).split("#", 1)[0];
}

function answered(c: Context, answer: GatewayAnswer): Response {
  const { status, body } = answer;
  const isBodiless = c.req.method === "HEAD" || status === 204 || status === 304;
  if (body instanceof Uint8Array) {
    const bytes = isBodiless ? null : (body as Uint8Array<ArrayBuffer>);
    return made(c, status, answer.headers, bytes);
  }
  if (isBodiless) body.discard();
  return made(c, status, answer.headers, isBodiless ? null : streamOf(body));
}

/** Of ours alone: nothing of an upstream is in it. */
function refused(
  c: Context,
  { error, description, headers = [] }: GatewayRefused,
): Response {
  const body = JSON.stringify({ error, error_description: description });
  const own: HeaderList = [
    ["Content-Type", "application/json; charset=utf-8"],
    ["Cache-Control", "no-store"],
    ["Content-Security-Policy", "sandbox"],
    ["X-Content-Type-Options", "nosniff"],
    ["Via", VIA],
    ...headers,
  ];
  return made(c, REFUSALS[error], own, body);
}

/** A reply that can't be passed on is as good as none. */
function made(
  c: Context,
  status: number,
  headers: HeaderList,
  body: ConstructorParameters<typeof Response>[0],
): Response {
  const requestId: string = c.get("requestId");
  try {
    const response = new Response(body, { status });
    for (const [name, value] of headers) response.headers.append(name, value);
    response.headers.set("X-Request-Id", requestId);
    return response;
  } catch {
    if (body instanceof ReadableStream) void body.cancel().catch(() => undefined);
    return refused(
      c,
      new GatewayRefused({
        error: "bad_gateway",
        description: "The upstream's answer can't be passed on",
      }),
    );
  }
}
