/**
 * Reads one entry: load, decide, act.
 *
 * @module
 */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import type { EntryId } from "../../domain/entry/entry.ts";
import { planRead, type ReadMode } from "../../domain/entry/read-plan.ts";
import type { Budget } from "../../domain/quota/budget.ts";
import type { Source } from "../../domain/source/source.ts";
import { EntryNotFound } from "../errors.ts";
import { QuotaSnapshots } from "../quota/quota-snapshots.ts";
import { keyOf } from "../source/read-key.ts";
import { knownSource } from "../source/source-directory.ts";
import type { Held } from "./entry-memory.ts";
import { loadEntry } from "./load-entry.ts";
import { queueAbsent } from "./queue-absent.ts";
import { askForRefresh, tryNow } from "./revalidate.ts";

/** An answer to a read, with all that its headers say. `readAt` is when it was decided. */
export type ReadResult = {
  readonly source: Source;
  readonly budget: Budget;
  readonly readAt: number;
} & (
  | {
      readonly _tag: "Served";
      readonly held: Held;
      readonly label: "HIT" | "MISS" | "STALE";
      /** A refresh was asked for behind the answer. */
      readonly refreshing: boolean;
    }
  | {
      readonly _tag: "Queued";
      readonly key: string;
      readonly taskId: string;
      readonly state: "queued" | "running";
      readonly retryAfterSeconds: number;
    }
);

/** Reads the key that `text` means. */
export const readEntry = Effect.fn("readEntry")(function* (
  sourceId: string,
  text: string,
  mode: ReadMode,
) {
  const snapshots = yield* QuotaSnapshots;
  const known = yield* knownSource(sourceId);
  const { source, space } = known;
  const key = yield* keyOf(known, text, "key");
  const id: EntryId = { space, key };
  const loaded = yield* loadEntry(id);
  const readAt = yield* Clock.currentTimeMillis;
  const held = loaded._tag === "Held" ? loaded.held : undefined;
  const standing = loaded._tag === "Held" ? loaded.held.standing : loaded.standing;

  const plan = planRead(held?.entry, mode, readAt);
  if (plan._tag === "Refuse" || (held === undefined && plan._tag !== "Queue")) {
    return yield* new EntryNotFound({ sourceId, key });
  }
  const answer = Effect.fnUntraced(function* (
    label: "HIT" | "MISS" | "STALE",
    served: Held,
    refreshing: boolean,
  ) {
    const now = label === "MISS" ? yield* Clock.currentTimeMillis : readAt;
    const budget = yield* snapshots.budgetAt(source, now);
    const result = { _tag: "Served", held: served, label, refreshing } as const;
    return { ...result, source, budget, readAt: now } satisfies ReadResult;
  });

  if (held === undefined || plan._tag === "Queue") {
    const seenAt = held?.entry.responseAt ?? 0;
    const queued = yield* queueAbsent(source, id, seenAt, standing, readAt);
    return { ...queued, source, readAt } satisfies ReadResult;
  }
  if (plan._tag === "Serve") {
    const refreshing = plan.refresh && (yield* askForRefresh(source, held, readAt));
    return yield* answer(plan.label, held, refreshing);
  }
  const attempt = yield* tryNow(known, held, readAt);
  if (attempt._tag === "Fetched") return yield* answer("MISS", attempt.held, false);
  const refreshing =
    attempt._tag === "NotNow" && (yield* askForRefresh(source, held, readAt));
  return yield* answer("STALE", held, refreshing);
});
