/**
 * What caching needs to know of a request: its key, its shelf, its rules.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import type { EntryId, HeaderList } from "../../domain/entry/entry.ts";
import { proxySpace } from "../../domain/api-proxy/api-proxy.ts";
import { bodyHash, cacheKey, paramsOf } from "../../domain/gateway/cache-key.ts";
import type { Asked, CacheRules } from "../../domain/gateway/cache-rules.ts";
import type { CacheSettings } from "../../domain/api-proxy/cache-settings.ts";
import {
  isCredentialHeader,
  isCredentialParameter,
} from "../../domain/gateway/credential-headers.ts";
import type { EffectiveSettings } from "../../domain/api-proxy/effective-settings.ts";
import { rfcRules } from "../../domain/gateway/rfc-rules.ts";
import { ttlRules } from "../../domain/gateway/ttl-rules.ts";
import { cookiesOf } from "../../domain/gateway/upstream-headers.ts";
import {
  isAmbiguous,
  splitPart,
  variableValues,
} from "../../domain/gateway/variables.ts";
import { withoutFields } from "../../domain/http-cache/field-value.ts";
import { endToEndHeaders } from "../../domain/http-cache/hop-by-hop.ts";
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
  const { request, proxy, endpoint, pathParams, source } = routed;
  const conceal: Conceal = (name, value) =>
    isCredentialHeader(name) ? `#${hash(value)}` : value;
  const { cacheKeyType, variableList, cacheStorageType, capacity, ttl } = settings;
  const headers = ownHeadersLeftOut(routed);
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
    bodyHash: body === undefined || isGet(method) ? undefined : bodyHash(body, headers),
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

export const isGet = (method: string): boolean => method === "GET" || method === "HEAD";

/** Tells nothing of a credential to who reads the store. */
const secretHash = Effect.map(
  Signer,
  ({ sign }) =>
    (text: string) =>
      sign("gateway-credential", text),
);

function ownHeadersLeftOut({ request, withheld }: RoutedRequest): HeaderList {
  const left = withoutFields(endToEndHeaders(request.headers), new Set(withheld));
  return left.flatMap(([name, value]) => {
    if (name.toLowerCase() !== "cookie") return [[name, value] as const];
    const cookies = cookiesOf(value);
    return cookies === "" ? [] : [[name, cookies] as const];
  });
}

/** Credentials of the request that no part of the key, and so no other user, shares. */
function credentialsOutside(
  { cacheKeyType, variableList }: CacheSettings,
  headers: HeaderList,
  query: string | undefined,
): readonly string[] {
  const isCustom = cacheKeyType === "CUSTOM";
  const inKey = new Set(
    isCustom
      ? variableList.flatMap(({ from }) =>
          from.type === "HEADER" ? [from.headerName.toLowerCase()] : [],
        )
      : [],
  );
  const queried = new Set(
    variableList.flatMap(({ from }) =>
      from.type === "PARAMETER" && from.paramType === "QUERY" ? [from.paramName] : [],
    ),
  );
  const inHeaders = headers
    .map(([name]) => name.toLowerCase())
    .filter((name) => isCredentialHeader(name) && !inKey.has(name));
  // With the whole query in the key, its credentials are too.
  const inQuery = isCustom
    ? (query ?? "")
        .split("&")
        .map((part) => splitPart(part).name)
        .filter((name) => isCredentialParameter(name) && !queried.has(name))
        // No header has such a name, and so no `Vary`.
        .map((name) => `?${name}`)
    : [];
  return [...inHeaders, ...inQuery];
}
