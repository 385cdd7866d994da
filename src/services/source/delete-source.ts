/**
 * Deletes a source, its waiting tasks, and its entries unless they are to be kept.
 *
 * One that is the upstream of an API proxy is not deleted.
 * Its calls stay counted: a source made again under the id does not start with a fresh
 * budget. An exchange that is under way can't bring an entry back.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import { parseBaseUrl } from "../../domain/source/upstream-url.ts";
import { Audit } from "../audit/audit.ts";
import { ChangeBus } from "../change-bus.ts";
import { SourceInUse } from "../errors.ts";
import { ProxyStore } from "../api-proxy/proxy-store.ts";
import { TaskQueue } from "../refresh/task-queue.ts";
import { Transaction } from "../transaction.ts";
import { abandonSource } from "./abandon-source.ts";
import { SourceStore } from "./source-store.ts";

export const deleteSource = Effect.fn("deleteSource")(function* (
  id: string,
  keepCache: boolean,
) {
  const { together } = yield* Transaction;
  const bus = yield* ChangeBus;
  const seq = yield* together("deleteSource", removeSource(id, keepCache));
  yield* bus.appliedHere(seq);
});

const removeSource = Effect.fnUntraced(function* (id: string, keepCache: boolean) {
  const store = yield* SourceStore;
  const queue = yield* TaskQueue;
  const bus = yield* ChangeBus;
  const audit = yield* Audit;

  const source = yield* store.lock(id);
  yield* refuseInUse(id);
  yield* store.remove(id);
  const base = parseBaseUrl(source.baseUrl);
  if (keepCache && base._tag === "BaseUrl") {
    yield* queue.cancelAll(id);
    yield* store.retain(id, source.epoch, {
      origin: base.origin,
      keyCase: source.keyCase,
    });
  } else {
    yield* abandonSource(source);
  }
  const details = { keep_cache: keepCache };
  yield* audit.record({ action: "source.delete", target: id, details });
  return yield* bus.log({ _tag: "SourceChanged", sourceId: id });
});

const MOST_NAMED = 5;

/** While the source is locked, no proxy is made over it. */
const refuseInUse = Effect.fnUntraced(function* (sourceId: string) {
  const proxies = yield* ProxyStore;
  const over = yield* proxies.overSource(sourceId);
  if (over.length === 0) return;
  const names = over.map(({ projectName, name }) => `${projectName}/${name}`);
  return yield* new SourceInUse({ sourceId, apiProxies: names.slice(0, MOST_NAMED) });
});
