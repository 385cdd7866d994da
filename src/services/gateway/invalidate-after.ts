/**
 * Forgets what an unsafe request may have changed.
 *
 * Source: RFC 9111 §4.4; contract §7.4.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import { effectiveSettings } from "../../domain/api-proxy/effective-settings.ts";
import { invalidatedUris } from "../../domain/http-cache/invalidation.ts";
import type { ResponseHead } from "../../domain/http-cache/message.ts";
import { isSafeMethod } from "../../domain/http-cache/methods.ts";
import { keysOf } from "../../domain/gateway/cache-key.ts";
import { cachedRequest } from "./cached-request.ts";
import { ResponseCache } from "./response-cache.ts";
import { mountOf, type RoutedRequest } from "./route-request.ts";

/**
 * `answered`: what the upstream said to it, its `Location` as the data plane has it. It is done
 * also where the client has gone.
 */
export const invalidateAfter = Effect.fnUntraced(function* (
  routed: RoutedRequest,
  answered: ResponseHead,
) {
  const { request, proxy } = routed;
  if (isSafeMethod(request.method)) return;
  const mount = mountOf(proxy);
  const search = request.query === undefined ? "" : `?${request.query}`;
  const url = `${ANY_ORIGIN}${mount}${request.path}${search}`;
  for (const uri of invalidatedUris({ ...request, url }, answered)) {
    const below = uri.slice(ANY_ORIGIN.length);
    if (below.startsWith(`${mount}/`)) yield* forget(routed, below.slice(mount.length));
  }
}, Effect.uninterruptible);

/** References of an answer are relative to it; which host it has plays no part. */
const ANY_ORIGIN = "http://gateway.invalid";

/** All that GET has stored for `target`, by whatever settings are in force there. */
const forget = Effect.fnUntraced(function* (routed: RoutedRequest, target: string) {
  const [path = "", query] = target.split(/\?(.*)/s);
  const match = routed.known.router.match("GET", path);
  if (match._tag !== "Matched") return;
  const effective = effectiveSettings(routed.proxy, match.endpoint);
  if (effective === undefined) return;
  const request = { ...routed.request, method: "GET", path, query, body: undefined };
  const there = {
    ...routed,
    request,
    endpoint: match.endpoint,
    pathParams: match.params,
  };
  const { shelf, id } = yield* cachedRequest(there, effective, undefined, false);
  const cache = yield* ResponseCache;
  // Under a key of variables a target has a key for each of their values.
  const isCustom = effective.settings.cacheKeyType === "CUSTOM";
  const below = isCustom ? keysOf(effective.scope, path) : undefined;
  yield* Effect.ignore(cache.invalidate(shelf, id, below), { log: "Warn" });
});
