/**
 * Requests that go no further, whatever the upstream would say.
 *
 * Source: RFC 9110 §7.6.2 (`Max-Forwards`), §9.3.7 (OPTIONS), §9.3.8 (TRACE).
 *
 * @module
 */
import * as Effect from "effect/Effect";
import { headerValue } from "../../domain/entry/entry.ts";
import { clientHeaders } from "../../domain/gateway/client-headers.ts";
import type { GatewayAnswer } from "./gateway-request.ts";
import { GatewayRefused } from "./refused.ts";
import type { RoutedRequest } from "./route-request.ts";

/** `undefined` for what is to go up. */
export function answerHere(
  routed: RoutedRequest,
): Effect.Effect<GatewayAnswer, GatewayRefused> | undefined {
  const { method, headers } = routed.request;
  if (method !== "OPTIONS" && method !== "TRACE") return undefined;
  if (headerValue(headers, "max-forwards")?.trim() === "0") return Effect.succeed(ended);
  // An upstream would show the caller what it was asked with.
  const isTold = method === "TRACE" && hasSecrets(routed);
  if (!isTold) return undefined;
  const description = "HTTP method (TRACE) is not allowed for a source with secrets";
  return Effect.fail(new GatewayRefused({ error: "method_not_allowed", description }));
}

const ended: GatewayAnswer = {
  status: 204,
  headers: clientHeaders([], [["X-UC-Cache", "BYPASS"]]),
  body: new Uint8Array(),
  label: "BYPASS",
};

const hasSecrets = ({ source: { source } }: RoutedRequest): boolean =>
  Object.keys(source.defaultHeaders).length + Object.keys(source.defaultQuery).length > 0;
