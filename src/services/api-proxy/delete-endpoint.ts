/**
 * Deletes an endpoint of an API proxy, with its cache settings.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import { outdatedByEndpoint } from "../../domain/api-proxy/outdated-responses.ts";
import { Audit } from "../audit/audit.ts";
import { auditTarget } from "./audit-target.ts";
import { changeProxyOf } from "./change-proxy-of.ts";
import { type EndpointName, EndpointStore } from "./endpoint-store.ts";
import { type ProxyName, ProxyStore } from "./proxy-store.ts";

export const deleteEndpoint = Effect.fn("deleteEndpoint")(function* (
  of: ProxyName,
  name: EndpointName,
) {
  const proxies = yield* ProxyStore;
  const store = yield* EndpointStore;
  const audit = yield* Audit;
  const plan = Effect.gen(function* () {
    const proxy = yield* proxies.lock(of.projectName, of.apiProxyName);
    const endpoint = yield* store.find(proxy.id, name);
    return {
      proxyId: proxy.id,
      selections: outdatedByEndpoint(proxy, endpoint),
      change: Effect.gen(function* () {
        yield* store.remove(endpoint.id);
        yield* audit.record({ action: "endpoint.delete", target: auditTarget(of, name) });
      }),
    };
  });
  yield* changeProxyOf("deleteEndpoint", plan);
});
