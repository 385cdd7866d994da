/**
 * Changes the fields of an API proxy that a patch names.
 *
 * What was stored of another source is given up.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import { proxySpace } from "../../domain/api-proxy/api-proxy.ts";
import { Audit } from "../audit/audit.ts";
import { auditTarget } from "./audit-target.ts";
import { changeProxyOf } from "./change-proxy-of.ts";
import { type ProxyChange, ProxyStore } from "./proxy-store.ts";

/** Fails where there is no such proxy or source, or the new name is taken. */
export const changeProxy = Effect.fn("changeProxy")(function* (
  projectName: string,
  name: string,
  change: ProxyChange,
) {
  const store = yield* ProxyStore;
  const audit = yield* Audit;
  const plan = Effect.gen(function* () {
    const proxy = yield* store.lock(projectName, name);
    const { sourceId = proxy.sourceId } = change;
    // Taken in the order in which a change of the source takes it and the purge.
    if (sourceId !== proxy.sourceId) yield* store.holdSource(sourceId);
    const space = { _tag: "Space", space: proxySpace(proxy.id) } as const;
    return {
      proxyId: proxy.id,
      selections: sourceId === proxy.sourceId ? [] : [space],
      change: Effect.gen(function* () {
        const changed = yield* store.update(proxy, change);
        const { name: apiProxyName, ...rest } = change;
        const details = apiProxyName === undefined ? rest : { apiProxyName, ...rest };
        const target = auditTarget({ projectName, apiProxyName: name });
        yield* audit.record({ action: "proxy.change", target, details });
        return changed;
      }),
    };
  });
  return yield* changeProxyOf("changeProxy", plan);
});
