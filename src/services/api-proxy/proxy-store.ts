/**
 * Where API proxies are kept.
 *
 * @module
 */
import * as Context from "effect/Context";
import type * as Effect from "effect/Effect";
import type { ApiProxy } from "../../domain/api-proxy/api-proxy.ts";
import type { CacheSettings } from "../../domain/api-proxy/cache-settings.ts";
import type { ApiProxyExists, ApiProxyNotFound, ProjectNotFound } from "./errors.ts";
import type { SourceNotFound, StoreUnavailable } from "../errors.ts";

/** What an API proxy is known by. */
export interface ProxyName {
  readonly projectName: string;
  readonly apiProxyName: string;
}

/** What a client says of an API proxy. */
export type ProxyDraft = Pick<
  ApiProxy,
  "name" | "description" | "sourceId" | "access" | "creationType"
>;

/** What may become otherwise later; what is not named stays. */
export interface ProxyChange extends Partial<
  Pick<ApiProxy, "name" | "sourceId" | "access">
> {
  /** Taken away where it is named as `undefined`. */
  readonly description?: string | undefined;
}

export class ProxyStore extends Context.Service<
  ProxyStore,
  {
    /** Of all projects. */
    readonly all: Effect.Effect<readonly ApiProxy[], StoreUnavailable>;
    /** Of a project, in byte order of their names. */
    readonly list: (
      projectName: string,
    ) => Effect.Effect<readonly ApiProxy[], ProjectNotFound | StoreUnavailable>;
    readonly find: (
      projectName: string,
      name: string,
    ) => Effect.Effect<ApiProxy, ProjectNotFound | ApiProxyNotFound | StoreUnavailable>;
    readonly findById: (
      id: number,
    ) => Effect.Effect<ApiProxy | undefined, StoreUnavailable>;
    /** As `find`; nobody else changes the proxy or its endpoints until the transaction ends. */
    readonly lock: (
      projectName: string,
      name: string,
    ) => Effect.Effect<ApiProxy, ProjectNotFound | ApiProxyNotFound | StoreUnavailable>;
    readonly insert: (
      projectName: string,
      draft: ProxyDraft,
    ) => Effect.Effect<
      ApiProxy,
      ProjectNotFound | ApiProxyExists | SourceNotFound | StoreUnavailable
    >;
    /** The source stays as it is until the transaction ends; comes before any purge. */
    readonly holdSource: (
      sourceId: string,
    ) => Effect.Effect<void, SourceNotFound | StoreUnavailable>;
    readonly update: (
      proxy: ApiProxy,
      change: ProxyChange,
    ) => Effect.Effect<ApiProxy, ApiProxyExists | SourceNotFound | StoreUnavailable>;
    readonly saveSettings: (
      id: number,
      settings: CacheSettings,
    ) => Effect.Effect<void, StoreUnavailable>;
    /** With its endpoints. */
    readonly remove: (id: number) => Effect.Effect<void, StoreUnavailable>;
    /** The proxies that have the source as their upstream. */
    readonly overSource: (
      sourceId: string,
    ) => Effect.Effect<readonly ApiProxy[], StoreUnavailable>;
  }
>()("uni-cache/services/ProxyStore") {}
