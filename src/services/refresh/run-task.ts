/**
 * Runs one claimed task to its end: refresh, store, tell.
 *
 * The answer and the end of the task are stored together, so that a task never ends
 * without its entry. An answer that a purge has outdated is thrown away, and the task
 * waits again.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import type { RefreshOutcome } from "../../domain/refresh/refresh-outcome.ts";
import { type CounterName, Counters } from "../counters.ts";
import { EntryNews } from "../entry/entry-news.ts";
import { EntryStore } from "../entry/entry-store.ts";
import type { KnownSource } from "../source/source-directory.ts";
import { Transaction } from "../transaction.ts";
import { Leases } from "./leases.ts";
import { type FirstReady, refreshKey } from "./refresh-key.ts";
import { storeAgain } from "./store-again.ts";
import { type Claimed, TaskQueue } from "./task-queue.ts";

/** How the task stands after the run; `Waiting`: it is queued again. */
export type TaskEnd = Exclude<RefreshOutcome["_tag"], "Postponed"> | "Waiting";

const counterOf: Readonly<Record<TaskEnd, CounterName | undefined>> = {
  Updated: "refreshes_updated",
  NotModified: "refreshes_not_modified",
  Failed: "refreshes_failed",
  Waiting: undefined,
};

/** Never fails: what goes wrong is the task's end, or leaves it to be claimed again. */
export const runTask = Effect.fn("runTask")(function* (
  known: KnownSource,
  claimed: Claimed,
  first: FirstReady,
) {
  const leases = yield* Leases;
  const { count } = yield* Counters;
  const running = refreshKey(known, claimed, first).pipe(
    Effect.catchTag(["NoCallFree", "StoreUnavailable"], () =>
      Effect.succeed({ _tag: "Postponed" } as const),
    ),
    Effect.flatMap((outcome) =>
      Effect.retry(Effect.uninterruptible(endTask(claimed, outcome)), storeAgain),
    ),
    Effect.catchDefect((defect) => endBroken(claimed, defect)),
    Effect.catchTag("StoreUnavailable", (error) =>
      Effect.as(Effect.logWarning(error.message), "Waiting" as const),
    ),
    Effect.tap((end) =>
      Effect.sync(() => {
        const counter = counterOf[end];
        if (counter !== undefined) count(counter);
      }),
    ),
  );
  return yield* leases.holding(claimed.taskId, running);
});

/** A task that meets a bug must end: claimed again it would spend a call each time. */
const endBroken = Effect.fnUntraced(function* (claimed: Claimed, defect: unknown) {
  const queue = yield* TaskQueue;
  yield* Effect.logError(`The refresh of task ${claimed.taskId} died`, defect);
  const detail = "Something went wrong inside; the log has it under the task's id";
  yield* queue.end(claimed, { code: "INTERNAL_ERROR", detail });
  return "Failed" as const;
});

const endTask = Effect.fnUntraced(function* (claimed: Claimed, outcome: RefreshOutcome) {
  const { together } = yield* Transaction;
  const queue = yield* TaskQueue;
  const news = yield* EntryNews;
  const end: TaskEnd = yield* together("endTask", storeOutcome(claimed, outcome));
  if (end === "Waiting") yield* queue.putBack([claimed.taskId]);
  yield* news.replaced(claimed);
  return end;
});

const storeOutcome = Effect.fnUntraced(function* (
  claimed: Claimed,
  outcome: RefreshOutcome,
) {
  const store = yield* EntryStore;
  const queue = yield* TaskQueue;
  const { sinceSeq } = claimed;

  switch (outcome._tag) {
    case "Postponed":
      return "Waiting";
    case "Failed":
      yield* queue.end(claimed, outcome.error);
      return "Failed";
    case "Updated":
      if ((yield* store.save(outcome.entry, sinceSeq)) === "Outdated") return "Waiting";
      break;
    case "NotModified": {
      const { space, key } = claimed;
      const renewed = yield* store.renew({ ...outcome, space, key }, sinceSeq);
      if (renewed === "Outdated") return "Waiting";
      break;
    }
  }
  yield* queue.end(claimed, undefined);
  return outcome._tag;
});
