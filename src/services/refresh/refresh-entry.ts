/**
 * Has one entry refreshed, whatever is stored.
 *
 * @module
 */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import { PRIORITY } from "../../domain/refresh/task.ts";
import { awaitRefresh } from "../entry/await-refresh.ts";
import { loadEntry } from "../entry/load-entry.ts";
import { failureFor } from "../entry/queue-absent.ts";
import { RefreshUnfinished } from "../errors.ts";
import { keyOf } from "../source/read-key.ts";
import { knownSource } from "../source/source-directory.ts";
import { RefreshRequests } from "./refresh-requests.ts";
import { enqueueRefreshes } from "./enqueue-refreshes.ts";

/**
 * Queues the refresh of the key that `text` means, or joins the one that is unfinished and
 * waits for it, for `waitMillis` or until the caller is `gone`. Fails with `RefreshUnfinished` where it may do neither.
 */
export const refreshEntry = Effect.fn("refreshEntry")(function* (
  sourceId: string,
  text: string,
  waitMillis: number | undefined,
  gone: Effect.Effect<unknown> = Effect.never,
) {
  const known = yield* knownSource(sourceId);
  const { source, space } = known;
  const key = yield* keyOf(known, text, "key");
  const wanted = { space, key };

  if (waitMillis !== undefined) {
    const loaded = yield* loadEntry(wanted);
    const wait = { seen: loaded, millis: waitMillis, explicit: true, gone };
    const fetched = yield* awaitRefresh(known, wanted, wait);
    const now = yield* Clock.currentTimeMillis;
    if (fetched._tag === "Fetched") {
      return { _tag: "Refreshed", source, held: fetched.held, readAt: now } as const;
    }
    if (fetched._tag === "Failed") return yield* failureFor(source, fetched.failure, now);
  }
  const options = { priority: PRIORITY.normal, told: true, explicit: true };
  if (waitMillis !== undefined) {
    // It stands where the wait has put it.
    const requests = yield* RefreshRequests;
    const { taskId } = yield* requests.ask(source, wanted, options);
    return { _tag: "Queued", taskId } as const;
  }
  const [task] = yield* enqueueRefreshes(source, [wanted], options);
  if (task === undefined) throw new Error("Expected a task for the key");
  const { taskId, made } = task;
  if (!made) return yield* new RefreshUnfinished({ key, taskId });
  return { _tag: "Queued", taskId } as const;
});
