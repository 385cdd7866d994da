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
import { hasField } from "../../domain/http-cache/field-value.ts";
import { httpDate } from "../../domain/http-cache/http-date.ts";
import { APART } from "../../domain/gateway/client-headers.ts";
import { VIA } from "../../domain/gateway/upstream-headers.ts";
import { answerRequest } from "../../services/gateway/answer-request.ts";
import type {
  GatewayAnswer,
  GatewayRequest,
} from "../../services/gateway/gateway-request.ts";
import { GatewayRefused, REFUSALS } from "../../services/gateway/refused.ts";
import { piecesOf } from "../../services/gateway/pieces.ts";
import { allowedAddress } from "../allow-list.ts";
import { clientAddress, isHttps } from "../client-address.ts";
import { facing } from "../faces.ts";
import { rawPath } from "../raw-path.ts";
import type { Run } from "../run.ts";
import { streamOf } from "./body-stream.ts";

/** But tab. */
const CONTROL = /[\x00-\x08\x0A-\x1F\x7F]/;

export function dataPlane(app: Pick<Hono, "use" | "all">, run: Run): void {
  app.use("/gw/*", facing("gateway"));
  app.use("/gw/*", async (c, next) => {
    await next();
    for (const [name, value] of APART) {
      if (!c.res.headers.has(name)) c.res.headers.set(name, value);
    }
  });
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
  for (const [name, value] of headers) {
    // No request can go up with it.
    if (CONTROL.test(value))
      return badRequest(`The header ${name} holds a control character`);
  }
  if (method === "CONNECT") {
    const description = "HTTP method (CONNECT) is not allowed here";
    return new GatewayRefused({ error: "method_not_allowed", description });
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
  const [target = ""] = url.split("#", 1);
  const at = target.indexOf("?");
  return at < 0 ? undefined : target.slice(at + 1);
}

function answered(c: Context, answer: GatewayAnswer): Response {
  const { status, body } = answer;
  const isBodiless = c.req.method === "HEAD" || BODILESS.has(status);
  if (body instanceof Uint8Array) {
    return made(
      c,
      status,
      answer.headers,
      isBodiless ? null : typed(answer.headers, body),
    );
  }
  if (isBodiless) body.discard();
  return made(c, status, answer.headers, isBodiless ? null : streamOf(body));
}

/** A response of the Fetch standard takes no body with them, not even an empty stream. */
const BODILESS = new Set([204, 205, 304]);

/** More goes out in pieces. */
const SMALL_BYTES = 64 * 1024;

/** The server gives bytes a type of its own where they have none; not so a stream. */
function typed(headers: HeaderList, bytes: Uint8Array) {
  if (bytes.length === 0) return null;
  const isSmall = bytes.length <= SMALL_BYTES;
  if (isSmall && hasField(headers, "content-type"))
    return bytes as Uint8Array<ArrayBuffer>;
  return streamOf({
    pieces: (async function* () {
      yield* piecesOf(bytes);
    })(),
    discard: () => undefined,
  });
}

/** Of ours alone: nothing of an upstream is in it. */
function refused(
  c: Context,
  { error, description, headers = [] }: GatewayRefused,
): Response {
  const body = JSON.stringify({ error, error_description: description });
  const own: HeaderList = [
    ["Content-Type", "application/json; charset=utf-8"],
    ["Content-Length", String(Buffer.byteLength(body))],
    ["Cache-Control", "no-store"],
    ...APART,
    ["Via", VIA],
    ...headers,
  ];
  return made(c, REFUSALS[error], own, body);
}

/** To a HEAD the server would say that there is nothing, and no date (RFC 9110 §6.6.1, §9.3.2). */
function nameLengthAndDate(headers: Headers): void {
  if (!headers.has("content-length")) headers.set("Transfer-Encoding", "chunked");
  if (!headers.has("date")) headers.set("Date", httpDate(Date.now()));
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
    if (c.req.method === "HEAD") nameLengthAndDate(response.headers);
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
