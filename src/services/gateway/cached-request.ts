/**
 * What caching needs to know of a request: its key, its shelf, its rules.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import type { EntryId } from "../../domain/entry/entry.ts";
import { proxySpace } from "../../domain/api-proxy/api-proxy.ts";
import { bodyHash, cacheKey, paramsOf } from "../../domain/gateway/cache-key.ts";
import type { Asked, CacheRules } from "../../domain/gateway/cache-rules.ts";
import type { CacheSettings } from "../../domain/api-proxy/cache-settings.ts";
import { credentialsOutside } from "../../domain/gateway/between-users.ts";
import { isCredentialHeader } from "../../domain/gateway/credential-headers.ts";
import type { EffectiveSettings } from "../../domain/api-proxy/effective-settings.ts";
import { rfcRules } from "../../domain/gateway/rfc-rules.ts";
import { ttlRules } from "../../domain/gateway/ttl-rules.ts";
import { theirHeaders } from "../../domain/gateway/upstream-headers.ts";
import { isAmbiguous, variableValues } from "../../domain/gateway/variables.ts";
import { isAnsweredFromCache } from "../../domain/http-cache/methods.ts";
import type { Conceal } from "../../domain/http-cache/vary.ts";
import { Signer } from "../access/signer.ts";
import type { Shelf } from "./response-cache.ts";
import type { RoutedRequest } from "./route-request.ts";

export interface CachedRequest {
  readonly routed: RoutedRequest;
  readonly settings: CacheSettings;
  readonly id: EntryId;
  readonly shelf: Shelf;
  readonly rules: CacheRules;
  readonly asked: Asked;
  /** What a purge selects it by. */
  readonly params: () => Readonly<Record<string, string>>;
  readonly conceal: Conceal;
  /** Why nothing that is asked so may be kept. */
  readonly unkeepable: string | undefined;
  /** Of the request, where it has one. */
  readonly body: Uint8Array | undefined;
}

/** `mayRefresh`: whether the caller's wish for a newer answer is heard. */
export const cachedRequest = Effect.fnUntraced(function* (
  routed: RoutedRequest,
  { settings, scope }: EffectiveSettings,
  body: Uint8Array | undefined,
  mayRefresh: boolean,
) {
  const hash = yield* secretHash;
  const { request, proxy, endpoint, pathParams, source, withheld } = routed;
  const conceal: Conceal = (name, value) =>
    isCredentialHeader(name) ? `#${hash(value)}` : value;
  const { cacheKeyType, variableList, cacheStorageType, capacity, ttl } = settings;
  const headers = theirHeaders(request.headers, withheld);
  const facts = {
    ...request,
    headers,
    pathParams,
    body,
    apiProxyName: proxy.name,
    endpoint,
  };
  const variables =
    cacheKeyType === "CUSTOM" ? variableValues(variableList, facts, hash) : [];
  const { method, path, query } = request;
  const parts = {
    scope,
    cacheKeyType,
    method,
    path,
    query,
    variables,
    bodyHash:
      body === undefined || isAnsweredFromCache(method)
        ? undefined
        : bodyHash(body, headers),
  };
  const space = proxySpace(proxy.id);
  const { staleIfErrorMillis } = source.source;
  const rules =
    ttl === undefined
      ? rfcRules({ staleIfErrorMillis, conceal })
      : ttlRules({ settings, ttlMillis: ttl * 1_000, staleIfErrorMillis, conceal });
  return {
    routed,
    settings,
    id: { space, key: cacheKey(parts, hash) },
    shelf: { space, scope, storage: cacheStorageType, capacity },
    rules,
    asked: {
      method,
      url: `${source.base.origin}${routed.target}`,
      headers,
      credentials: credentialsOutside(settings, headers, query),
      mayRefresh,
    },
    params: () => paramsOf({ cacheKeyType, query, variables, pathParams }, hash),
    conceal,
    unkeepable: isAmbiguous(settings, facts) ? "a variable is given twice" : undefined,
    body,
  } satisfies CachedRequest;
});

/** Tells nothing of a credential to who reads the store. */
const secretHash = Effect.map(
  Signer,
  ({ sign }) =>
    (text: string) =>
      sign("gateway-credential", text),
);
