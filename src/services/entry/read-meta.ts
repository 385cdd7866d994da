/**
 * Reads what is known of an entry, without asking anyone for a newer one.
 *
 * @module
 */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import { freshnessAt } from "../../domain/entry/freshness.ts";
import { EntryNotFound } from "../errors.ts";
import { QuotaSnapshots } from "../quota/quota-snapshots.ts";
import { keyOf } from "../source/read-key.ts";
import { knownSource } from "../source/source-directory.ts";
import { loadEntry } from "./load-entry.ts";

/** Reads the key that `text` means; `readAt` is when. An expired entry is none. */
export const readMeta = Effect.fn("readMeta")(function* (sourceId: string, text: string) {
  const snapshots = yield* QuotaSnapshots;
  const known = yield* knownSource(sourceId);
  const { source, space } = known;
  const key = yield* keyOf(known, text, "key");
  const loaded = yield* loadEntry({ space, key });
  const readAt = yield* Clock.currentTimeMillis;
  const held = loaded._tag === "Held" ? loaded.held : undefined;
  if (held === undefined || freshnessAt(held.entry.lifetime, readAt) === "expired") {
    return yield* new EntryNotFound({ sourceId, key });
  }
  const budget = yield* snapshots.budgetAt(source, readAt);
  return { source, held, budget, readAt };
});
