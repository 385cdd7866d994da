/**
 * Reads one entry: load, decide, act.
 *
 * @module
 */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import type { EntryId } from "../../domain/entry/entry.ts";
import {
  type Fetch,
  planRead,
  type Queue,
  type Reach,
  type Serve,
} from "../../domain/entry/read-plan.ts";
import type { Budget } from "../../domain/quota/budget.ts";
import type { Source } from "../../domain/source/source.ts";
import { EntryNotFound } from "../errors.ts";
import { QuotaSnapshots } from "../quota/quota-snapshots.ts";
import { keyOf } from "../source/read-key.ts";
import { knownSource } from "../source/source-directory.ts";
import { askForRefresh } from "./ask-for-refresh.ts";
import { type CacheLabel, countReads, UNSERVED } from "./count-reads.ts";
import { type Held, standingOf } from "./entry-memory.ts";
import { fetchEntry } from "./fetch-entry.ts";
import { loadEntry } from "./load-entry.ts";
import { failureFor, queueAbsent } from "./queue-absent.ts";

export interface ReadRequest {
  readonly reach: Reach;
  /** How long the caller waits for the upstream; `undefined`: not at all. */
  readonly waitMillis: number | undefined;
}

/** An answer to a read, with all that its headers say. `readAt` is when it was decided. */
export type ReadResult = {
  readonly source: Source;
  readonly budget: Budget;
  readonly readAt: number;
} & (
  | {
      readonly _tag: "Served";
      readonly held: Held;
      readonly label: CacheLabel;
      /** A refresh was asked for behind the answer. */
      readonly refreshing: boolean;
      /** The upstream was asked for this answer; `collapsed`: by another's call. */
      readonly forwarded:
        | {
            readonly because: "uri-miss" | "stale" | "request";
            readonly collapsed: boolean;
          }
        | undefined;
    }
  | {
      readonly _tag: "Queued";
      readonly key: string;
      readonly taskId: string;
      readonly state: "queued" | "running";
      readonly retryAfterSeconds: number;
    }
);

type Served = Extract<ReadResult, { readonly _tag: "Served" }>;

/** Reads the key that `text` means. */
export const readEntry = Effect.fn("readEntry")(
  (sourceId: string, text: string, request: ReadRequest) =>
    answerRead(sourceId, text, request).pipe(
      Effect.tap((result) =>
        countReads(result._tag === "Served" ? result.label : "MISS"),
      ),
      Effect.tapErrorTag(UNSERVED, () => countReads("MISS")),
    ),
);

const answerRead = Effect.fnUntraced(function* (
  sourceId: string,
  text: string,
  { reach, waitMillis }: ReadRequest,
) {
  const snapshots = yield* QuotaSnapshots;
  const known = yield* knownSource(sourceId);
  const { source, space } = known;
  const key = yield* keyOf(known, text, "key");
  const id: EntryId = { space, key };
  const loaded = yield* loadEntry(id);
  const readAt = yield* Clock.currentTimeMillis;
  const held = loaded._tag === "Held" ? loaded.held : undefined;

  const serve = Effect.fnUntraced(function* (
    label: CacheLabel,
    served: Held,
    refreshing: boolean,
    now: number,
    forwarded?: Served["forwarded"],
  ) {
    const budget = yield* snapshots.budgetAt(source, now);
    const result = {
      _tag: "Served",
      held: served,
      label,
      refreshing,
      forwarded,
    } as const;
    return { ...result, source, budget, readAt: now } satisfies ReadResult;
  });
  const goOn = Effect.fnUntraced(function* (plan: Serve | Queue, now: number) {
    if (plan._tag === "Serve" && held !== undefined) {
      const refreshing = plan.refresh && (yield* askForRefresh(source, held, now));
      return yield* serve(plan.label, held, refreshing, now);
    }
    const seenAt = held?.entry.responseAt ?? 0;
    const queued = yield* queueAbsent(source, id, seenAt, standingOf(loaded), now);
    return { ...queued, source, readAt: now } satisfies ReadResult;
  });

  const plan = planRead(held?.entry, { reach, waits: waitMillis !== undefined }, readAt);
  if (plan._tag === "Refuse") return yield* new EntryNotFound({ sourceId, key });
  if (plan._tag !== "Fetch") return yield* goOn(plan, readAt);

  const request = { known, id, loaded, waitMillis: waitMillis ?? 0, now: readAt };
  const fetched = yield* fetchEntry(plan, request);
  const now = yield* Clock.currentTimeMillis;
  switch (fetched._tag) {
    case "Fetched":
      return yield* serve(plan.label, fetched.held, false, now, {
        because: reasonOf(plan),
        collapsed: fetched.collapsed,
      });
    case "NotNow":
      return yield* goOn(plan.otherwise, now);
    case "Failed":
      return plan.otherwise._tag === "Serve"
        ? yield* goOn({ ...plan.otherwise, refresh: false }, now)
        : yield* failureFor(source, fetched.failure, now);
  }
});

function reasonOf({ label, otherwise }: Fetch): "uri-miss" | "stale" | "request" {
  if (label === "BYPASS") return "request";
  return otherwise._tag === "Queue" ? "uri-miss" : "stale";
}
