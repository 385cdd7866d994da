/**
 * Where the endpoints of API proxies are kept.
 *
 * @module
 */
import * as Context from "effect/Context";
import type * as Effect from "effect/Effect";
import type { Endpoint, EndpointMethod } from "../../domain/api-proxy/api-proxy.ts";
import type { EndpointDraft } from "../../domain/api-proxy/endpoint-draft.ts";
import type { CacheSettings } from "../../domain/api-proxy/cache-settings.ts";
import type { EndpointExists, EndpointNotFound } from "./errors.ts";
import type { StoreUnavailable } from "../errors.ts";

/** What an endpoint is known by in its proxy. */
export interface EndpointName {
  readonly name: string;
  readonly httpMethod: EndpointMethod;
}

export class EndpointStore extends Context.Service<
  EndpointStore,
  {
    /** Of all proxies, in the order in which they were made. */
    readonly all: Effect.Effect<readonly Endpoint[], StoreUnavailable>;
    /** Of a proxy, likewise. */
    readonly list: (
      proxyId: number,
    ) => Effect.Effect<readonly Endpoint[], StoreUnavailable>;
    readonly find: (
      proxyId: number,
      name: EndpointName,
    ) => Effect.Effect<Endpoint, EndpointNotFound | StoreUnavailable>;
    readonly insert: (
      proxyId: number,
      draft: EndpointDraft,
    ) => Effect.Effect<Endpoint, EndpointExists | StoreUnavailable>;
    /** Of a new proxy, all at once. No two have the same name and method. */
    readonly insertAll: (
      proxyId: number,
      drafts: readonly EndpointDraft[],
    ) => Effect.Effect<void, StoreUnavailable>;
    readonly update: (
      id: number,
      draft: EndpointDraft,
    ) => Effect.Effect<void, EndpointExists | StoreUnavailable>;
    readonly saveSettings: (
      id: number,
      settings: CacheSettings,
    ) => Effect.Effect<void, StoreUnavailable>;
    readonly remove: (id: number) => Effect.Effect<void, StoreUnavailable>;
  }
>()("uni-cache/services/EndpointStore") {}
