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
import { PRIORITY, type TaskError } from "../../domain/refresh/task.ts";
import type { Source } from "../../domain/source/source.ts";
import { EntryNotFound, UpstreamFailed, UpstreamTimedOut } from "../errors.ts";
import { QuotaSnapshots } from "../quota/quota-snapshots.ts";
import { forecastTask } from "../refresh/forecast.ts";
import { refreshNow } from "../refresh/refresh-now.ts";
import { TaskQueue } from "../refresh/task-queue.ts";
import { keyOf } from "../source/read-key.ts";
import { type KnownSource, knownSource } from "../source/source-directory.ts";
import type { Held } from "./entry-memory.ts";
import type { RefreshStanding } from "./entry-store.ts";
import { loadEntry } from "./load-entry.ts";

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

/** A stale hit asks for a refresh at most this often from one process. */
const ASK_AGAIN_MILLIS = 2_000;
const TRY_FOR = "1 second";

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
    return yield* queueAbsent(known, id, standing, readAt);
  }
  if (plan._tag === "Serve") {
    const refreshing = plan.refresh && (yield* askForRefresh(known, held, readAt));
    return yield* answer(plan.label, held, refreshing);
  }
  const fetched = yield* tryNow(known, id, held, readAt);
  if (fetched !== undefined) return yield* answer("MISS", fetched, false);
  return yield* answer("STALE", held, yield* askForRefresh(known, held, readAt));
});

/** The last refresh failed and its back-off runs on: asking again would not help. */
function isResting({ failure }: RefreshStanding, now: number): boolean {
  return failure !== undefined && now < failure.until;
}

const queueAbsent = Effect.fnUntraced(function* (
  { source }: KnownSource,
  id: EntryId,
  standing: RefreshStanding,
  now: number,
) {
  const { task, failure } = standing;
  if (task === undefined && failure !== undefined && isResting(standing, now)) {
    return yield* failureFor(source, failure.error, failure.until, now);
  }
  const queue = yield* TaskQueue;
  const options = { priority: PRIORITY.high, told: true };
  const [enqueued] = yield* queue.enqueue(source, [id], options);
  if (enqueued === undefined) throw new Error("Expected a task for the key");
  const { budget, retryAfterSeconds } = yield* forecastTask(source, enqueued.taskId, now);
  const { taskId, state } = enqueued;
  const queued = {
    _tag: "Queued",
    key: id.key,
    taskId,
    state,
    retryAfterSeconds,
  } as const;
  return { ...queued, source, budget, readAt: now } satisfies ReadResult;
});

function failureFor(source: Source, error: TaskError, until: number, now: number) {
  const retryAfterSeconds = Math.max(1, Math.ceil((until - now) / 1000));
  const sourceId = source.id;
  return error.code === "UPSTREAM_TIMEOUT"
    ? new UpstreamTimedOut({ sourceId, retryAfterSeconds })
    : new UpstreamFailed({
        sourceId,
        code: error.code,
        reason: error.detail,
        retryAfterSeconds,
      });
}

/** Gives whether a refresh is on its way. The answer is in hand: what can't be queued only waits. */
const askForRefresh = Effect.fnUntraced(function* (
  { source }: KnownSource,
  held: Held,
  now: number,
) {
  if (isResting(held.standing, now)) return false;
  if (now < held.askedUntil) return true;
  const queue = yield* TaskQueue;
  held.askedUntil = now + ASK_AGAIN_MILLIS;
  const options = { priority: PRIORITY.normal, told: false };
  return yield* queue.enqueue(source, [held.entry], options).pipe(
    Effect.as(true),
    Effect.catchTag(["QueueFull", "StoreUnavailable"], (error) =>
      Effect.as(Effect.logDebug(error.message), false),
    ),
  );
});

/** The new entry, when a call was free and its answer came within a moment. */
const tryNow = Effect.fnUntraced(function* (
  known: KnownSource,
  id: EntryId,
  held: Held,
  now: number,
) {
  if (isResting(held.standing, now)) return undefined;
  const end = yield* refreshNow(known, id).pipe(
    Effect.timeoutOption(TRY_FOR),
    Effect.catchTag("StoreUnavailable", () => Effect.succeedNone),
  );
  if (end._tag === "None" || (end.value !== "Updated" && end.value !== "NotModified")) {
    return undefined;
  }
  const loaded = yield* loadEntry(id);
  return loaded._tag === "Held" ? loaded.held : undefined;
});
