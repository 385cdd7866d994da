/**
 * Replaces the cache settings of an API proxy, or of one of its endpoints.
 *
 * What was stored by settings under which it would not be stored so any more is given up.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import type { CacheSettings } from "../../domain/api-proxy/cache-settings.ts";
import { outdatedBySettings } from "../../domain/api-proxy/outdated-responses.ts";
import { Audit } from "../audit/audit.ts";
import { auditTarget } from "./audit-target.ts";
import { changeProxyOf } from "./change-proxy-of.ts";
import { type EndpointName, EndpointStore } from "./endpoint-store.ts";
import { type ProxyName, ProxyStore } from "./proxy-store.ts";

/** Of the endpoint where one is named, else of the whole proxy. */
export const changeCacheSettings = Effect.fn("changeCacheSettings")(function* (
  of: ProxyName,
  name: EndpointName | undefined,
  settings: CacheSettings,
) {
  const proxies = yield* ProxyStore;
  const endpoints = yield* EndpointStore;
  const audit = yield* Audit;
  const plan = Effect.gen(function* () {
    const proxy = yield* proxies.lock(of.projectName, of.apiProxyName);
    const endpoint = name && (yield* endpoints.find(proxy.id, name));
    return {
      proxyId: proxy.id,
      selections: outdatedBySettings(proxy, endpoint, settings),
      change: Effect.gen(function* () {
        yield* endpoint === undefined
          ? proxies.saveSettings(proxy.id, settings)
          : endpoints.saveSettings(endpoint.id, settings);
        yield* audit.record({
          action: "cache_settings.change",
          target: auditTarget(of, name),
          details: { ...settings },
        });
      }),
    };
  });
  yield* changeProxyOf("changeCacheSettings", plan);
});
