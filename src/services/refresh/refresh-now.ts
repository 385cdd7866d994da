/**
 * Refreshes one key at once, in this process, if a call is free.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import { PRIORITY } from "../../domain/refresh/task.ts";
import { takePermits } from "../quota/permit.ts";
import type { KnownSource } from "../source/source-directory.ts";
import { Background } from "./background.ts";
import { connectUpstream } from "./call-upstream.ts";
import { runTask, type TaskEnd } from "./run-task.ts";
import { type Claimed, TaskQueue, type Wanted } from "./task-queue.ts";
import type { UpstreamConnection } from "./upstream.ts";

/** `Busy`: the key is being refreshed elsewhere, or an entry has made it needless. */
export type NowEnd = TaskEnd | "NoCallFree" | "Busy";

/**
 * Connects, claims the key with a call, refreshes. Gives how it ended. Whoever stops
 * waiting does not stop the refresh.
 */
export const refreshNow = Effect.fn("refreshNow")(function* (
  known: KnownSource,
  wanted: Wanted,
) {
  const background = yield* Background;
  return yield* Fiber.join(yield* background.start(claimAndRun(known, wanted)));
});

const claimAndRun = (known: KnownSource, wanted: Wanted) =>
  Effect.gen(function* () {
    const connection = yield* connectUpstream(known);
    return yield* claimFor(known, wanted, connection);
  }).pipe(
    // It is the task's failure: retried and remembered like any other.
    Effect.catchTag("UpstreamUnreachable", (error) =>
      Effect.gen(function* () {
        const queue = yield* TaskQueue;
        const claimed = yield* queue.claimKey(known.source, wanted, PRIORITY.normal);
        if (claimed === undefined) return "Busy" satisfies NowEnd;
        return yield* runTask(known, claimed, Effect.fail(error));
      }),
    ),
  );

const claimFor = Effect.fnUntraced(function* (
  known: KnownSource,
  wanted: Wanted,
  connection: UpstreamConnection,
) {
  const queue = yield* TaskQueue;
  let claimed: Claimed | undefined;
  let isBusy = false;
  const { permit } = yield* takePermits(known.source, 1, () =>
    Effect.map(queue.claimKey(known.source, wanted, PRIORITY.normal), (claim) => {
      claimed = claim;
      isBusy = claim === undefined;
      return claim === undefined ? 0 : 1;
    }),
  ).pipe(Effect.onError(() => Effect.sync(() => connection.release())));
  if (permit === undefined || claimed === undefined) {
    connection.release();
    const end: NowEnd = isBusy ? "Busy" : "NoCallFree";
    return end;
  }
  return yield* runTask(known, claimed, Effect.succeed({ connection, permit }));
});
