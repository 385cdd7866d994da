/**
 * Lists the endpoints of an API proxy, in the order in which they were made.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import { EndpointStore } from "./endpoint-store.ts";
import { type ProxyName, ProxyStore } from "./proxy-store.ts";

export const listEndpoints = Effect.fn("listEndpoints")(function* (of: ProxyName) {
  const proxies = yield* ProxyStore;
  const endpoints = yield* EndpointStore;
  const { id } = yield* proxies.find(of.projectName, of.apiProxyName);
  return yield* endpoints.list(id);
});
