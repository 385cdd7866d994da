/**
 * Deletes a source, its waiting tasks, and its entries unless they are to be kept.
 *
 * Its calls stay counted: a source made again under the id does not start with a fresh
 * budget. An exchange that is under way can't bring an entry back.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import { parseBaseUrl } from "../../domain/source/upstream-url.ts";
import { Audit } from "../audit/audit.ts";
import { ChangeBus } from "../change-bus.ts";
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
  yield* store.remove(id);
  const base = parseBaseUrl(source.baseUrl);
  if (keepCache && base._tag === "BaseUrl") {
    yield* queue.cancelAll(id);
    yield* store.retain(id, source.epoch, base.origin);
  } else {
    yield* abandonSource(source);
  }
  const details = { keep_cache: keepCache };
  yield* audit.record({ action: "source.delete", target: id, details });
  return yield* bus.log({ _tag: "SourceChanged", sourceId: id });
});
