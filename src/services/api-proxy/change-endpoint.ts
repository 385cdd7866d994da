/**
 * Makes, changes and deletes the endpoints of an API proxy.
 *
 * Whichever endpoint a request is for, it may be another one from then on: what was stored
 * for the endpoint goes, and what was stored by the settings of the proxy.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import type { Matching } from "../../domain/entry/purge.ts";
import {
  type ApiProxy,
  type Endpoint,
  proxySpace,
  settingsScope,
} from "../../domain/api-proxy/api-proxy.ts";
import type { AuditAction } from "../../domain/audit/audit-action.ts";
import { Audit } from "../audit/audit.ts";
import {
  changedEndpoint,
  type EndpointChange,
  type EndpointDraft,
} from "../../domain/api-proxy/endpoint-draft.ts";
import { Invalid } from "../errors.ts";
import { changeProxyOf } from "./change-proxy-of.ts";
import { type EndpointName, EndpointStore } from "./endpoint-store.ts";
import { ProxyStore } from "./proxy-store.ts";

/** Names the proxy that the endpoint is of. */
export interface ProxyName {
  readonly projectName: string;
  readonly apiProxyName: string;
}

/** Fails where the proxy has an endpoint of that name and method. */
export const createEndpoint = Effect.fn("createEndpoint")(function* (
  of: ProxyName,
  draft: EndpointDraft,
) {
  const store = yield* EndpointStore;
  const plan = Effect.gen(function* () {
    const proxy = yield* lockProxy(of);
    return {
      proxyId: proxy.id,
      selections: storedBy(proxy, undefined),
      change: Effect.gen(function* () {
        const endpoint = yield* store.insert(proxy.id, draft);
        yield* record("endpoint.create", of, draft, draft);
        return endpoint;
      }),
    };
  });
  return yield* changeProxyOf("createEndpoint", plan);
});

/** Gives the endpoint as it is then. Its settings stay. */
export const changeEndpoint = Effect.fn("changeEndpoint")(function* (
  of: ProxyName,
  name: EndpointName,
  change: EndpointChange,
) {
  const store = yield* EndpointStore;
  const plan = Effect.gen(function* () {
    const proxy = yield* lockProxy(of);
    const endpoint = yield* store.find(proxy.id, name);
    const changed = changedEndpoint(endpoint, change);
    if (changed._tag === "Refused")
      return yield* new Invalid({ problems: [changed.problem] });
    const { draft } = changed;
    return {
      proxyId: proxy.id,
      selections: storedBy(proxy, endpoint),
      change: Effect.gen(function* () {
        yield* store.update(endpoint.id, draft);
        yield* record("endpoint.change", of, name, change);
        return { ...endpoint, ...draft };
      }),
    };
  });
  return yield* changeProxyOf("changeEndpoint", plan);
});

/** Its name stays, so there can be no other of it. */
export const switchEndpoint = (of: ProxyName, name: EndpointName, active: boolean) =>
  changeEndpoint(of, name, { active }).pipe(
    Effect.catchTag("EndpointExists", (impossible) => Effect.die(impossible)),
  );

export const deleteEndpoint = Effect.fn("deleteEndpoint")(function* (
  of: ProxyName,
  name: EndpointName,
) {
  const store = yield* EndpointStore;
  const plan = Effect.gen(function* () {
    const proxy = yield* lockProxy(of);
    const endpoint = yield* store.find(proxy.id, name);
    return {
      proxyId: proxy.id,
      selections: storedBy(proxy, endpoint),
      change: Effect.andThen(
        store.remove(endpoint.id),
        record("endpoint.delete", of, name, {}),
      ),
    };
  });
  yield* changeProxyOf("deleteEndpoint", plan);
});

const lockProxy = Effect.fnUntraced(function* ({ projectName, apiProxyName }: ProxyName) {
  const proxies = yield* ProxyStore;
  return yield* proxies.lock(projectName, apiProxyName);
});

/** What is stored by the settings of the proxy, and by those of the endpoint. */
export function storedBy(
  proxy: Pick<ApiProxy, "id">,
  endpoint: Pick<Endpoint, "id"> | undefined,
): readonly Matching[] {
  const scopes = endpoint === undefined ? [undefined] : [undefined, endpoint.id];
  return scopes.map((id) => ({
    _tag: "Matching",
    spaces: [proxySpace(proxy.id)],
    prefix: settingsScope(id),
  }));
}

const record = Effect.fnUntraced(function* (
  action: AuditAction,
  { projectName, apiProxyName }: ProxyName,
  { name, httpMethod }: EndpointName,
  details: object,
) {
  const audit = yield* Audit;
  const target = `${projectName}/${apiProxyName} ${httpMethod} ${name}`;
  yield* audit.record({ action, target, details: { ...details } });
});
