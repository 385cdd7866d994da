/**
 * The API proxies as this process knows them, ready to route.
 *
 * @module
 */
import * as Context from "effect/Context";
import type { ApiProxy } from "../../domain/api-proxy/api-proxy.ts";
import type { Router } from "../../domain/api-proxy/router.ts";

export interface KnownProxy {
  readonly proxy: ApiProxy;
  readonly router: Router;
}

export class ProxyDirectory extends Context.Service<
  ProxyDirectory,
  {
    /** Held in memory and kept up by the change bus: touches no store. */
    readonly find: (projectName: string, proxyName: string) => KnownProxy | undefined;
    readonly hasProject: (projectName: string) => boolean;
    /** In no order. */
    readonly proxiesOf: (projectName: string) => readonly KnownProxy[];
  }
>()("uni-cache/services/ProxyDirectory") {}
