/**
 * Replaces the cache settings of an API proxy, or of one of its endpoints.
 *
 * What was stored by settings under which it would not be stored so any more is given up.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import type { PurgeSelection } from "../../domain/entry/purge.ts";
import {
  type ApiProxy,
  type Endpoint,
  proxySpace,
  settingsScope,
} from "../../domain/api-proxy/api-proxy.ts";
import type { CacheSettings } from "../../domain/api-proxy/cache-settings.ts";
import { storesOtherwise } from "../../domain/api-proxy/changed-settings.ts";
import { Audit } from "../audit/audit.ts";
import type { ProxyName } from "./change-endpoint.ts";
import { changeProxyOf } from "./change-proxy-of.ts";
import { type EndpointName, EndpointStore } from "./endpoint-store.ts";
import { ProxyStore } from "./proxy-store.ts";

/** Of the endpoint where one is named, else of the whole proxy. */
export const changeCacheSettings = Effect.fn("changeCacheSettings")(function* (
  { projectName, apiProxyName }: ProxyName,
  name: EndpointName | undefined,
  settings: CacheSettings,
) {
  const proxies = yield* ProxyStore;
  const endpoints = yield* EndpointStore;
  const audit = yield* Audit;
  const plan = Effect.gen(function* () {
    const proxy = yield* proxies.lock(projectName, apiProxyName);
    const endpoint = name && (yield* endpoints.find(proxy.id, name));
    const of = name === undefined ? "" : ` ${name.httpMethod} ${name.name}`;
    return {
      proxyId: proxy.id,
      selections: outdatedBy(settings, proxy, endpoint),
      change: Effect.gen(function* () {
        yield* endpoint === undefined
          ? proxies.saveSettings(proxy.id, settings)
          : endpoints.saveSettings(endpoint.id, settings);
        yield* audit.record({
          action: "cache_settings.change",
          target: `${projectName}/${apiProxyName}${of}`,
          details: { ...settings },
        });
      }),
    };
  });
  yield* changeProxyOf("changeCacheSettings", plan);
});

function outdatedBy(
  settings: CacheSettings,
  proxy: ApiProxy,
  endpoint: Endpoint | undefined,
): readonly PurgeSelection[] {
  const before = endpoint === undefined ? proxy.settings : endpoint.settings;
  if (!storesOtherwise(before, settings)) return [];
  const wasActive = before?.cacheActive === true;
  const scopes = [settingsScope(endpoint?.id)];
  // Nobody kept up what the proxy's settings stored while those of the endpoint were in force.
  if (endpoint !== undefined && wasActive !== settings.cacheActive) {
    scopes.push(settingsScope(undefined));
  }
  const spaces = [proxySpace(proxy.id)];
  return scopes.map((prefix) => ({ _tag: "Matching", spaces, prefix }));
}
