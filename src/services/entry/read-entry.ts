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
  type ReadPlan,
  type Serve,
} from "../../domain/entry/read-plan.ts";
import type { Budget } from "../../domain/quota/budget.ts";
import type { Source } from "../../domain/source/source.ts";
import { EntryNotFound } from "../errors.ts";
import { QuotaSnapshots } from "../quota/quota-snapshots.ts";
import { keyOf } from "../source/read-key.ts";
import { type KnownSource, knownSource } from "../source/source-directory.ts";
import { askForRefresh } from "./ask-for-refresh.ts";
import { type CacheLabel, countReads, UNSERVED } from "./count-reads.ts";
import { answeredAt, type Held, type Loaded, standingOf } from "./entry-memory.ts";
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
  const found = yield* lookUp(sourceId, text);
  const planAt = ({ loaded, at }: LookUp) => {
    const entry = loaded._tag === "Held" ? loaded.held.entry : undefined;
    return planRead(entry, { reach, waits: waitMillis !== undefined }, at);
  };
  const plan = planAt(found);
  if (plan._tag === "Refuse") {
    return yield* new EntryNotFound({ sourceId, key: found.id.key });
  }
  if (plan._tag !== "Fetch") return yield* carryOut(plan, found);

  const { at: now, ...rest } = found;
  const fetched = yield* fetchEntry(plan, { ...rest, waitMillis: waitMillis ?? 0, now });
  if (fetched._tag === "Fetched") {
    const forwarded = { because: reasonOf(plan), collapsed: fetched.collapsed };
    const at = yield* Clock.currentTimeMillis;
    return yield* serve(found.known, fetched.held, { label: plan.label, forwarded, at });
  }
  // Much can have changed while the upstream was asked.
  const later = yield* Effect.catchTag(
    lookUp(sourceId, text),
    "StoreUnavailable",
    (error) =>
      plan.otherwise._tag === "Serve" ? Effect.succeed(found) : Effect.fail(error),
  );
  const without = withoutFetch(planAt(later)) ?? plan.otherwise;
  if (fetched._tag === "NotNow") return yield* carryOut(without, later);
  return without._tag === "Serve"
    ? yield* carryOut({ ...without, refresh: false }, later)
    : yield* failureFor(later.known.source, fetched.failure, later.at);
});

/** What is known of a key at one instant. */
interface LookUp {
  readonly known: KnownSource;
  readonly id: EntryId;
  readonly loaded: Loaded;
  readonly at: number;
}

const lookUp = Effect.fnUntraced(function* (sourceId: string, text: string) {
  const known = yield* knownSource(sourceId);
  const id: EntryId = { space: known.space, key: yield* keyOf(known, text, "key") };
  const loaded = yield* loadEntry(id);
  return { known, id, loaded, at: yield* Clock.currentTimeMillis } satisfies LookUp;
});

function withoutFetch(plan: ReadPlan): Serve | Queue | undefined {
  if (plan._tag === "Refuse") return undefined;
  return plan._tag === "Fetch" ? plan.otherwise : plan;
}

const carryOut = Effect.fnUntraced(function* (
  plan: Serve | Queue,
  { known, id, loaded, at }: LookUp,
) {
  const { source } = known;
  if (plan._tag === "Serve" && loaded._tag === "Held") {
    const { held } = loaded;
    const refreshing = plan.refresh && (yield* askForRefresh(source, held, at));
    return yield* serve(known, held, { label: plan.label, refreshing, at });
  }
  const seenAt = answeredAt(loaded);
  const queued = yield* queueAbsent(source, id, seenAt, standingOf(loaded), at);
  return { ...queued, source, readAt: at } satisfies ReadResult;
});

interface Serving {
  readonly label: CacheLabel;
  readonly at: number;
  readonly refreshing?: boolean;
  readonly forwarded?: Served["forwarded"];
}

const serve = Effect.fnUntraced(function* (
  { source }: KnownSource,
  held: Held,
  { label, at, refreshing = false, forwarded }: Serving,
) {
  const snapshots = yield* QuotaSnapshots;
  const budget = yield* snapshots.budgetAt(source, at);
  const result = { _tag: "Served", held, label, refreshing, forwarded } as const;
  return { ...result, source, budget, readAt: at } satisfies ReadResult;
});

function reasonOf({ label, otherwise }: Fetch): "uri-miss" | "stale" | "request" {
  if (label === "BYPASS") return "request";
  return otherwise._tag === "Queue" ? "uri-miss" : "stale";
}
