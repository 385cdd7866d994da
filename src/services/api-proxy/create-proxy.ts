/**
 * Creates an API proxy, with the endpoints that a document describes.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import type { EndpointDraft } from "../../domain/api-proxy/endpoint-draft.ts";
import { Audit } from "../audit/audit.ts";
import { ChangeBus } from "../change-bus.ts";
import { Transaction } from "../transaction.ts";
import { auditTarget } from "./audit-target.ts";
import { EndpointStore } from "./endpoint-store.ts";
import { type ProxyDraft, ProxyStore } from "./proxy-store.ts";

/** Fails where there is no such project or source, or the name is taken in the project. */
export const createProxy = Effect.fn("createProxy")(function* (
  projectName: string,
  draft: ProxyDraft,
  endpoints: readonly EndpointDraft[],
) {
  const { together } = yield* Transaction;
  const bus = yield* ChangeBus;
  const insert = insertProxy(projectName, draft, endpoints);
  const { proxy, seq } = yield* together("createProxy", insert);
  yield* bus.appliedHere(seq);
  return proxy;
});

const insertProxy = Effect.fnUntraced(function* (
  projectName: string,
  draft: ProxyDraft,
  endpoints: readonly EndpointDraft[],
) {
  const proxies = yield* ProxyStore;
  const store = yield* EndpointStore;
  const audit = yield* Audit;
  const bus = yield* ChangeBus;
  const proxy = yield* proxies.insert(projectName, draft);
  if (endpoints.length > 0) yield* store.insertAll(proxy.id, endpoints);
  const { sourceId, access, creationType } = draft;
  yield* audit.record({
    action: "proxy.create",
    target: auditTarget({ projectName, apiProxyName: draft.name }),
    details: {
      sourceId,
      access,
      apiProxyCreationType: creationType,
      endpoints: endpoints.length,
    },
  });
  return { proxy, seq: yield* bus.log({ _tag: "ProxyChanged", proxyId: proxy.id }) };
});
