/**
 * Reads many entries of a source: load, decide, queue.
 *
 * @module
 */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import { planBatchRead } from "../../domain/entry/batch-plan.ts";
import type { Reach } from "../../domain/entry/read-plan.ts";
import { Invalid } from "../errors.ts";
import { QuotaSnapshots } from "../quota/quota-snapshots.ts";
import { type KeyItem, keysOf } from "../source/read-keys.ts";
import { knownSource } from "../source/source-directory.ts";
import { countReads } from "./count-reads.ts";
import { isResting } from "./ask-for-refresh.ts";
import type { Held, Loaded } from "./entry-memory.ts";
import type { RefreshStanding } from "./entry-store.ts";
import { loadEntries } from "./load-entries.ts";
import { type Asked, queueMany } from "./queue-many.ts";

/** An answer is put together in memory: this much of data it may have. */
const MOST_BYTES = 64 * 1024 * 1024;

/** One of many: served where `held` is there, a miss where it is not. */
export interface BatchItem {
  readonly key: string;
  readonly held: Held | undefined;
  readonly standing: RefreshStanding;
}

/** Reads what each of `items` means, in their order, the same twice where one is repeated. */
export const readEntries = Effect.fn("readEntries")(function* (
  sourceId: string,
  items: readonly KeyItem[],
  reach: Reach,
) {
  const snapshots = yield* QuotaSnapshots;
  const known = yield* knownSource(sourceId);
  const { source, space } = known;
  const keys = yield* keysOf(known, items, "keys");
  const ids = [...new Set(keys)].map((key) => ({ space, key }));
  const loaded = yield* loadEntries(ids, MOST_BYTES);
  if (loaded === undefined) return yield* tooMuch;
  const readAt = yield* Clock.currentTimeMillis;

  const read = new Map<string, BatchItem>();
  const asked: Asked[] = [];
  for (const [index, id] of ids.entries()) {
    const { held, standing } = heldOf(loaded[index]);
    const plan = planBatchRead(held?.entry, isResting(standing, readAt), reach, readAt);
    read.set(id.key, { key: id.key, held: plan.serve ? held : undefined, standing });
    if (plan.priority === undefined) continue;
    const newerThan = reach === "bypass" ? undefined : (held?.entry.responseAt ?? 0);
    asked.push({ wanted: { ...id, newerThan }, priority: plan.priority, standing });
  }
  const itemsOf = () => keys.flatMap((key) => read.get(key) ?? []);
  if (bytesOf(itemsOf()) > MOST_BYTES) return yield* tooMuch;

  for (const [key, task] of yield* queueMany(source, asked)) {
    const item = read.get(key);
    if (item === undefined) continue;
    const standing = { ...item.standing, task };
    // Hits tell it from here on, and the next batch need not ask again.
    if (item.held !== undefined) item.held.standing = standing;
    read.set(key, { ...item, standing });
  }
  const budget = yield* snapshots.budgetAt(source, readAt);
  const answered = itemsOf();
  yield* countItems(answered, readAt);
  return { source, budget, readAt, items: answered };
});

const countItems = Effect.fnUntraced(function* (
  items: readonly BatchItem[],
  readAt: number,
) {
  const served = items.flatMap(({ held }) => held ?? []);
  const fresh = served.filter(({ entry }) => readAt < entry.lifetime.freshUntil).length;
  yield* countReads("HIT", fresh);
  yield* countReads("STALE", served.length - fresh);
  yield* countReads("MISS", items.length - served.length);
});

function heldOf(loaded: Loaded | undefined) {
  if (loaded === undefined) throw new Error("Expected an answer for each key");
  return loaded._tag === "Held"
    ? { held: loaded.held, standing: loaded.held.standing }
    : { held: undefined, standing: loaded.standing };
}

/** A key that is asked for twice is answered twice. */
function bytesOf(items: readonly BatchItem[]): number {
  return items.reduce((sum, { held }) => sum + (held?.data.length ?? 0), 0);
}

const tooMuch = Effect.suspend(() => {
  const most = `${MOST_BYTES / 1024 / 1024} MiB`;
  const message = `What is stored under them has more than ${most} together: ask for fewer`;
  return new Invalid({ problems: [{ field: "keys", message }] });
});
