/**
 * Finds what a request of the data plane is for, and whether its caller may have it.
 *
 * @module
 */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import type { Caller } from "../../domain/access/caller.ts";
import { headerValue } from "../../domain/entry/entry.ts";
import type { ApiProxy, Endpoint } from "../../domain/api-proxy/api-proxy.ts";
import { entranceOf } from "../../domain/gateway/entrance.ts";
import type { Match } from "../../domain/api-proxy/router.ts";
import { gatewayTarget } from "../../domain/gateway/upstream-location.ts";
import { TokenDirectory } from "../access/token-directory.ts";
import { type KnownSource, SourceDirectory } from "../source/source-directory.ts";
import { ProxyDirectory, type KnownProxy } from "../api-proxy/proxy-directory.ts";
import type { GatewayRequest } from "./gateway-request.ts";
import { ResponseCache } from "./response-cache.ts";
import { GatewayRefused } from "./refused.ts";

/** A request, and all that is known of its way. */
export interface RoutedRequest {
  readonly request: GatewayRequest;
  readonly known: KnownProxy;
  readonly proxy: ApiProxy;
  readonly endpoint: Endpoint | undefined;
  /** The endpoint's `{param}` segments, decoded. */
  readonly pathParams: Readonly<Record<string, string>>;
  readonly source: KnownSource;
  readonly method: string;
  /** What the upstream is asked for: path and query, the source's parameters among them. */
  readonly target: string;
  readonly caller: Caller | undefined;
  /** As `ResponseCache.now`, when all of this was so. */
  readonly since: number;
  /** Headers in lower case that stay here. */
  readonly withheld: readonly string[];
}

/** `/gw/{project}/{proxy}`, escaped. */
export function mountOf({ projectName, name }: ApiProxy): string {
  return `/gw/${encodeURIComponent(projectName)}/${encodeURIComponent(name)}`;
}

export const routeRequest = Effect.fnUntraced(function* (request: GatewayRequest) {
  const { projectName, proxyName } = request;
  const since = (yield* ResponseCache).now();
  const directory = yield* ProxyDirectory;
  const known = directory.find(projectName, proxyName);
  if (known === undefined) {
    return yield* directory.hasProject(projectName)
      ? proxyNotFound(proxyName)
      : notFound(`Project (name: ${projectName}) was not found!`);
  }
  const { proxy, router } = known;
  const { caller, withheld } = yield* admit(proxy, request);
  const match = yield* routed(router.match(request.method, request.path), request);
  const source = (yield* SourceDirectory).find(proxy.sourceId);
  if (source === undefined) {
    const description = `Source (id: ${proxy.sourceId}) of the ApiProxy is not known yet`;
    return yield* new GatewayRefused({ error: "service_unavailable", description });
  }
  const { defaultQuery } = source.source;
  const target = gatewayTarget(
    source.base,
    match.backendPath,
    request.query,
    defaultQuery,
  );
  if (target === undefined) {
    const description = "The path can't be asked for below the source's base URL";
    return yield* new GatewayRefused({ error: "bad_request", description });
  }
  return {
    request,
    known,
    proxy,
    endpoint: match.endpoint,
    pathParams: match.params,
    source,
    method: match.backendMethod,
    target,
    caller,
    since,
    withheld,
  } satisfies RoutedRequest;
});

const admit = Effect.fnUntraced(function* (proxy: ApiProxy, request: GatewayRequest) {
  const tokens = yield* TokenDirectory;
  const now = yield* Clock.currentTimeMillis;
  const presented = {
    authorization: headerValue(request.headers, "authorization"),
    apiKey: headerValue(request.headers, "x-api-key"),
  };
  const entrance = entranceOf(proxy, presented, (token) => tokens.identify(token, now));
  switch (entrance._tag) {
    case "Admitted":
      return entrance;
    case "Contradictory":
      return yield* new GatewayRefused({
        error: "bad_request",
        description: "Authorization and X-API-Key name different tokens",
      });
    case "Unauthorized":
      return yield* new GatewayRefused({
        error: "unauthorized_client",
        description: "Invalid token",
        headers: [["WWW-Authenticate", "Bearer"]],
      });
    case "Unseen":
      return yield* proxyNotFound(proxy.name);
  }
});

const routed = Effect.fnUntraced(function* (match: Match, request: GatewayRequest) {
  switch (match._tag) {
    case "Matched":
      return match;
    case "NotFound":
      return yield* notFound(
        `Endpoint with name (${request.path}) and HTTP method (${request.method}) is not found!`,
      );
    case "MethodNotAllowed":
      return yield* new GatewayRefused({
        error: "method_not_allowed",
        description: `HTTP method (${request.method}) is not allowed here`,
        headers: [["Allow", match.allow.join(", ")]],
      });
  }
});

const notFound = (description: string) =>
  new GatewayRefused({ error: "not_found", description });

const proxyNotFound = (name: string) =>
  notFound(`ApiProxy (name: ${name}) was not found!`);
