/**
 * Makes an endpoint of an API proxy.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import type { EndpointDraft } from "../../domain/api-proxy/endpoint-draft.ts";
import { outdatedByEndpoint } from "../../domain/api-proxy/outdated-responses.ts";
import { Audit } from "../audit/audit.ts";
import { auditTarget } from "./audit-target.ts";
import { changeProxyOf } from "./change-proxy-of.ts";
import { EndpointStore } from "./endpoint-store.ts";
import { type ProxyName, ProxyStore } from "./proxy-store.ts";

/** Fails where the proxy has an endpoint of that name and method. */
export const createEndpoint = Effect.fn("createEndpoint")(function* (
  of: ProxyName,
  draft: EndpointDraft,
) {
  const proxies = yield* ProxyStore;
  const store = yield* EndpointStore;
  const audit = yield* Audit;
  const plan = Effect.gen(function* () {
    const proxy = yield* proxies.lock(of.projectName, of.apiProxyName);
    return {
      proxyId: proxy.id,
      selections: outdatedByEndpoint(proxy, undefined),
      change: Effect.gen(function* () {
        const endpoint = yield* store.insert(proxy.id, draft);
        const target = auditTarget(of, draft);
        yield* audit.record({ action: "endpoint.create", target, details: { ...draft } });
        return endpoint;
      }),
    };
  });
  return yield* changeProxyOf("createEndpoint", plan);
});
