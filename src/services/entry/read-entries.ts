/**
 * Reads many entries of a source: load, decide, queue.
 *
 * What they have together is counted as it is sent, a repeated key each time, and has its
 * share of the room for answers.
 *
 * @module
 */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import { planBatchRead } from "../../domain/entry/batch-plan.ts";
import { freshnessAt } from "../../domain/entry/freshness.ts";
import type { Reach } from "../../domain/entry/read-plan.ts";
import {
  type RefreshStanding,
  restingFailure,
} from "../../domain/refresh/refresh-standing.ts";
import { Invalid } from "../errors.ts";
import { QuotaSnapshots } from "../quota/quota-snapshots.ts";
import { type KeyItem, keysOf } from "../source/read-keys.ts";
import { type KnownSource, knownSource } from "../source/source-directory.ts";
import { AnswerRoom, type Share } from "./answer-room.ts";
import { countReads } from "./count-reads.ts";
import { EntryMemory, type Held, type Loaded } from "./entry-memory.ts";
import { loadEntries } from "./load-entries.ts";
import { type Asked, queueMany } from "./queue-many.ts";

/** What is sent was in memory before: this much of data an answer may have. */
const MOST_BYTES = 64 * 1024 * 1024;
/** What an item has besides its data, roughly; the key is in it twice. */
const ITEM_BYTES = 1_000;

/** One of many: served where `held` is there, a miss where it is not. */
export interface BatchItem {
  readonly key: string;
  readonly held: Held | undefined;
  readonly standing: RefreshStanding;
}

/**
 * Reads what each of `items` means, in their order, the same twice where one is repeated.
 * Waits its turn for room; who has the answer leaves its `share`.
 */
export const readEntries = Effect.fn("readEntries")(function* (
  sourceId: string,
  items: readonly KeyItem[],
  reach: Reach,
) {
  const room = yield* AnswerRoom;
  const memory = yield* EntryMemory;
  const known = yield* knownSource(sourceId);
  const keys = yield* keysOf(known, items, "keys");
  const atMost = () => {
    const held = keys.map((key) => memory.peek({ space: known.space, key }));
    // Nobody knows what the store has before it is loaded.
    return held.includes(undefined) ? MOST_BYTES : sentBytes(keys, held);
  };
  return yield* room.within(atMost, (share) => readKeys(known, keys, reach, share));
});

const readKeys = Effect.fnUntraced(function* (
  { source, space }: KnownSource,
  keys: readonly string[],
  reach: Reach,
  share: Share,
) {
  const snapshots = yield* QuotaSnapshots;
  const ids = [...new Set(keys)].map((key) => ({ space, key }));
  const loaded = yield* loadEntries(ids, MOST_BYTES);
  if (loaded === undefined) return yield* tooMuch;
  const readAt = yield* Clock.currentTimeMillis;

  const read = new Map<string, BatchItem>();
  const asked: Asked[] = [];
  for (const [index, id] of ids.entries()) {
    const { held, standing } = heldOf(loaded[index]);
    const isResting = restingFailure(standing, readAt) !== undefined;
    const plan = planBatchRead(held?.entry, isResting, reach, readAt);
    read.set(id.key, { key: id.key, held: plan.serve ? held : undefined, standing });
    if (plan.priority === undefined) continue;
    const newerThan = reach === "bypass" ? undefined : (held?.entry.responseAt ?? 0);
    asked.push({ wanted: { ...id, newerThan }, priority: plan.priority, standing });
  }
  const itemsOf = () => keys.flatMap((key) => read.get(key) ?? []);
  const helds = itemsOf().map(({ held }) => held);
  if (bytesOf(helds) > MOST_BYTES) return yield* tooMuch;
  share.resize(sentBytes(keys, helds));

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
  return { source, budget, readAt, items: answered, share };
});

const countItems = Effect.fnUntraced(function* (
  items: readonly BatchItem[],
  readAt: number,
) {
  const served = items.flatMap(({ held }) => held ?? []);
  const fresh = served.filter(
    ({ entry }) => freshnessAt(entry.lifetime, readAt) === "fresh",
  ).length;
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
function bytesOf(held: readonly (Held | undefined)[]): number {
  return held.reduce((sum, one) => sum + (one?.data.length ?? 0), 0);
}

function sentBytes(keys: readonly string[], held: readonly (Held | undefined)[]): number {
  const around = keys.reduce((sum, key) => sum + ITEM_BYTES + 2 * key.length, 0);
  return Math.min(MOST_BYTES, around + bytesOf(held));
}

const tooMuch = Effect.suspend(() => {
  const most = `${MOST_BYTES / 1024 / 1024} MiB`;
  const message = `What is stored under them has more than ${most} together: ask for fewer`;
  return new Invalid({ problems: [{ field: "keys", message }] });
});
