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
import { runTask } from "./run-task.ts";
import { type Claimed, TaskQueue, type Wanted } from "./task-queue.ts";

/**
 * Connects, claims the key with a call, refreshes. Gives how it ended; `undefined` when no
 * call is free, the key is being refreshed elsewhere, or the upstream can't be reached.
 * Whoever stops waiting does not stop the refresh.
 */
export const refreshNow = Effect.fn("refreshNow")(function* (
  known: KnownSource,
  wanted: Wanted,
) {
  const background = yield* Background;
  return yield* Fiber.join(yield* background.start(claimAndRun(known, wanted)));
});

const claimAndRun = Effect.fnUntraced(function* (known: KnownSource, wanted: Wanted) {
  const queue = yield* TaskQueue;
  const connection = yield* connectUpstream(known).pipe(
    Effect.catchTag("UpstreamUnreachable", () => Effect.succeed(undefined)),
  );
  if (connection === undefined) return undefined;

  let claimed: Claimed | undefined;
  const { permit } = yield* takePermits(known.source, 1, () =>
    Effect.map(queue.claimKey(known.source, wanted, PRIORITY.normal), (claim) => {
      claimed = claim;
      return claim === undefined ? 0 : 1;
    }),
  ).pipe(Effect.onError(() => Effect.sync(() => connection.release())));
  if (permit === undefined || claimed === undefined) {
    connection.release();
    return undefined;
  }
  return yield* runTask(known, claimed, Effect.succeed({ connection, permit }));
});
