/**
 * Deletes an API proxy with its endpoints, and gives up all that was stored of it.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import { proxySpace } from "../../domain/api-proxy/api-proxy.ts";
import { Audit } from "../audit/audit.ts";
import { ChangeBus } from "../change-bus.ts";
import { everyoneKnows } from "../clearing/clear-entries.ts";
import { EntryStore } from "../entry/entry-store.ts";
import { Transaction } from "../transaction.ts";
import { auditTarget } from "./audit-target.ts";
import { ProxyStore } from "./proxy-store.ts";

/** Nothing of it is answered any more, in any process. */
export const deleteProxy = Effect.fn("deleteProxy")(function* (
  projectName: string,
  name: string,
) {
  const { together } = yield* Transaction;
  const store = yield* ProxyStore;
  const entries = yield* EntryStore;
  const audit = yield* Audit;
  const bus = yield* ChangeBus;
  const remove = Effect.gen(function* () {
    const { id } = yield* store.lock(projectName, name);
    yield* store.remove(id);
    const target = auditTarget({ projectName, apiProxyName: name });
    yield* audit.record({ action: "proxy.delete", target });
    yield* bus.log({ _tag: "ProxyChanged", proxyId: id });
    // Its number is given to no other, so its space is free to be swept whenever.
    return yield* entries.abandon(proxySpace(id));
  });
  yield* everyoneKnows(yield* together("deleteProxy", remove));
});
