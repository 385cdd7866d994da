/**
 * Reads cache settings back, and which are in force.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import { effectiveSettings } from "../../domain/api-proxy/effective-settings.ts";
import { type EndpointName, EndpointStore } from "./endpoint-store.ts";
import { type ProxyName, ProxyStore } from "./proxy-store.ts";

/** Those of the endpoint where one is named, else of the whole proxy. */
export const readCacheSettings = Effect.fn("readCacheSettings")(function* (
  { projectName, apiProxyName }: ProxyName,
  name: EndpointName | undefined,
) {
  const proxies = yield* ProxyStore;
  const endpoints = yield* EndpointStore;
  const proxy = yield* proxies.find(projectName, apiProxyName);
  const endpoint = name && (yield* endpoints.find(proxy.id, name));
  return {
    settings: endpoint === undefined ? proxy.settings : endpoint.settings,
    effective: effectiveSettings(proxy, endpoint),
  };
});
