/**
 * Changes the fields of an API proxy's endpoint that a patch names.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import {
  changedEndpoint,
  type EndpointChange,
} from "../../domain/api-proxy/endpoint-draft.ts";
import { outdatedByEndpoint } from "../../domain/api-proxy/outdated-responses.ts";
import { Audit } from "../audit/audit.ts";
import { Invalid } from "../errors.ts";
import { auditTarget } from "./audit-target.ts";
import { changeProxyOf } from "./change-proxy-of.ts";
import { type EndpointName, EndpointStore } from "./endpoint-store.ts";
import { type ProxyName, ProxyStore } from "./proxy-store.ts";

/** Gives the endpoint as it is then. Its settings stay. */
export const changeEndpoint = Effect.fn("changeEndpoint")(function* (
  of: ProxyName,
  name: EndpointName,
  change: EndpointChange,
) {
  const proxies = yield* ProxyStore;
  const store = yield* EndpointStore;
  const audit = yield* Audit;
  const plan = Effect.gen(function* () {
    const proxy = yield* proxies.lock(of.projectName, of.apiProxyName);
    const endpoint = yield* store.find(proxy.id, name);
    const changed = changedEndpoint(endpoint, change);
    if (changed._tag === "Refused")
      return yield* new Invalid({ problems: [changed.problem] });
    const { draft } = changed;
    return {
      proxyId: proxy.id,
      selections: outdatedByEndpoint(proxy, endpoint),
      change: Effect.gen(function* () {
        yield* store.update(endpoint.id, draft);
        const target = auditTarget(of, name);
        yield* audit.record({
          action: "endpoint.change",
          target,
          details: { ...change },
        });
        return { ...endpoint, ...draft };
      }),
    };
  });
  return yield* changeProxyOf("changeEndpoint", plan);
});
