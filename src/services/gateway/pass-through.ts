/**
 * Asks the upstream and hands its answer on, with nothing kept.
 *
 * @module
 */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import type { HeaderList } from "../../domain/entry/entry.ts";
import {
  clientHeaders,
  ofUpstream,
  withoutSecrets,
} from "../../domain/gateway/client-headers.ts";
import { isCredentialParameter } from "../../domain/gateway/credential-headers.ts";
import { isSecretHeader } from "../../domain/source/header-rules.ts";
import type { Source } from "../../domain/source/source.ts";
import {
  type CacheReport,
  withCacheStatus,
} from "../../domain/http-cache/cache-status.ts";
import type { ResponseHead } from "../../domain/http-cache/message.ts";
import { upstreamHeaders } from "../../domain/gateway/upstream-headers.ts";
import { mappedLocation } from "../../domain/gateway/upstream-location.ts";
import type { UpstreamRequest } from "../refresh/upstream.ts";
import { callSource, type SourceReply } from "./call-source.ts";
import type { CacheLabel } from "../entry/count-reads.ts";
import type { GatewayAnswer } from "./gateway-request.ts";
import { invalidateAfter } from "./invalidate-after.ts";
import { mountOf, type RoutedRequest } from "./route-request.ts";
import { refusedBy } from "./upstream-failure.ts";

/** How long a client waits for a free call, ahead of all that is queued. */
export const WAIT_MILLIS = 1_000;

export interface Asking {
  /** As in `GoingUp`. */
  readonly asksForWhole: boolean;
  readonly conditions: HeaderList;
  readonly body: UpstreamRequest["body"];
}

/** The request that goes up for `routed`. */
export function upstreamRequest(
  { request, source: { source }, method, target, withheld }: RoutedRequest,
  { asksForWhole, conditions, body }: Asking,
): UpstreamRequest {
  const { defaultHeaders, timeoutMillis } = source;
  return {
    method,
    target,
    headers: upstreamHeaders({
      headers: request.headers,
      withheld,
      defaultHeaders,
      asksForWhole,
      conditions,
    }),
    body,
    headTimeoutMillis: timeoutMillis,
    bodyIdleMillis: timeoutMillis,
  };
}

/** What is passed on of a reply's headers, its `Location` as the data plane has it. */
export function passedHeaders(
  routed: RoutedRequest,
  { status, rawHeaders }: Pick<SourceReply, "status" | "rawHeaders">,
): HeaderList {
  const isReference = status === 201 || (status >= 300 && status < 400);
  const passed = ofUpstream(rawHeaders);
  return withoutSecrets(
    isReference ? mapped(routed, passed, /^location$/i) : passed,
    secretsOf(routed.source.source),
  );
}

function secretsOf({ defaultHeaders, defaultQuery }: Source): readonly string[] {
  const ofHeaders = Object.entries(defaultHeaders).flatMap(([name, value]) =>
    // `Bearer secret`: the scheme is none.
    isSecretHeader(name) ? [value, value.replace(/^[\w-]+ +/, "")] : [],
  );
  // A plain word as `json` would be found in text that has nothing to do with it.
  const ofQuery = Object.entries(defaultQuery).map(([name, value]) =>
    isCredentialParameter(name) ? value : `${name}=${value}`,
  );
  return [...ofHeaders, ...ofQuery];
}

/** What an answer refers to, by the data plane's URLs (RFC 9111 §4.4). */
export function referredTo(
  routed: RoutedRequest,
  { status, rawHeaders }: Pick<SourceReply, "status" | "rawHeaders">,
): ResponseHead {
  return { status, headers: mapped(routed, rawHeaders, /^(?:content-)?location$/i) };
}

function mapped(
  { proxy, source, target }: RoutedRequest,
  headers: HeaderList,
  names: RegExp,
): HeaderList {
  const { base } = source;
  const { defaultQuery } = source.source;
  const mapping = { base, target, mount: mountOf(proxy), defaultQuery };
  return headers.map(([name, value]) =>
    names.test(name) ? [name, mappedLocation(value, mapping)] : [name, value],
  );
}

/** `report` says why nothing is kept. What the request may have changed is forgotten. */
export const passThrough = Effect.fnUntraced(function* (
  routed: RoutedRequest,
  report: CacheReport,
  body: UpstreamRequest["body"] = routed.request.body,
) {
  const asking = { asksForWhole: false, conditions: [], body };
  const reply = yield* callSource(routed.source, {
    request: upstreamRequest(routed, asking),
    waitMillis: WAIT_MILLIS,
    confirms: false,
  }).pipe(Effect.catch((error) => failed(error)));
  yield* invalidateAfter(routed, referredTo(routed, reply)).pipe(
    Effect.onError(() => Effect.sync(reply.discard)),
  );
  return passedOn(routed, reply, "BYPASS", report);
});

/** The reply as it comes. */
export function passedOn(
  routed: RoutedRequest,
  reply: SourceReply,
  label: CacheLabel,
  report: CacheReport,
): GatewayAnswer {
  const reported = withCacheStatus(passedHeaders(routed, reply), report);
  return {
    status: reply.status,
    headers: clientHeaders(reported, [["X-UC-Cache", label]]),
    body: { pieces: reply.body, discard: reply.discard },
    label,
  };
}

export const failed = Effect.fnUntraced(function* (
  failure: Parameters<typeof refusedBy>[0],
) {
  return yield* refusedBy(failure, yield* Clock.currentTimeMillis);
});
