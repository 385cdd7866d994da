/**
 * Refreshes one key at once, in this process, if a call is free.
 *
 * @module
 */
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Layer from "effect/Layer";
import { newsName } from "../../domain/entry/entry.ts";
import { PRIORITY, type Priority } from "../../domain/refresh/task.ts";
import { makeCollapse } from "../collapse.ts";
import type { StoreUnavailable } from "../errors.ts";
import { takePermits } from "../quota/permit.ts";
import type { KnownSource } from "../source/source-directory.ts";
import { Background } from "./background.ts";
import { connectUpstream } from "./call-upstream.ts";
import { runTask, type TaskEnd } from "./run-task.ts";
import { type Claimed, TaskQueue, type Wanted } from "./task-queue.ts";
import type { UpstreamConnection } from "./upstream.ts";

/** `Busy`: the key is being refreshed elsewhere, or an entry has made it needless. */
export type NowEnd = TaskEnd | "NoCallFree" | "Busy";

/** The most tasks before it that a key at once steps behind. */
const MOST_BEFORE = 1_000;

type Needs = Effect.Services<ReturnType<typeof claimAndRun>>;

export class RefreshNow extends Context.Service<
  RefreshNow,
  {
    /**
     * Connects, claims the key with a call, refreshes. Gives how it ended. Calls that
     * queued tasks of a priority not worse than `before` wait for are not free. However
     * many ask for one key, one asks the upstream; whoever stops waiting does not stop it.
     */
    readonly now: (
      known: KnownSource,
      wanted: Wanted,
      before: Priority,
    ) => Effect.Effect<NowEnd, StoreUnavailable, Needs | Background>;
  }
>()("uni-cache/services/RefreshNow") {}

export const layer = Layer.effect(
  RefreshNow,
  Effect.gen(function* () {
    const collapse = makeCollapse<NowEnd, StoreUnavailable>(yield* Effect.scope);
    return RefreshNow.of({
      now: (known, wanted, before) => {
        const name = `${before} ${wanted.newerThan ?? ""} ${newsName(wanted)}`;
        return collapse(
          name,
          Effect.gen(function* () {
            const background = yield* Background;
            const fiber = yield* background.start(claimAndRun(known, wanted, before));
            return yield* Fiber.join(fiber);
          }),
        );
      },
    });
  }),
);

const claimAndRun = (known: KnownSource, wanted: Wanted, before: Priority) =>
  Effect.gen(function* () {
    const connection = yield* connectUpstream(known);
    return yield* claimFor(known, wanted, before, connection);
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
  before: Priority,
  connection: UpstreamConnection,
) {
  const queue = yield* TaskQueue;
  const { source } = known;
  let claimed: Claimed | undefined;
  let isBusy = false;
  const claim = Effect.map(queue.claimKey(source, wanted, PRIORITY.normal), (claim) => {
    claimed = claim;
    isBusy = claim === undefined;
    return claim === undefined ? 0 : 1;
  });
  const claiming = Effect.gen(function* () {
    const others = yield* queue.queuedBesides(source, wanted, MOST_BEFORE, before);
    return yield* takePermits(source, others + 1, (free) =>
      free > others ? claim : Effect.succeed(0),
    );
  });
  const { permit } = yield* Effect.onError(claiming, () =>
    Effect.sync(() => connection.release()),
  );
  if (permit === undefined || claimed === undefined) {
    connection.release();
    const end: NowEnd = isBusy ? "Busy" : "NoCallFree";
    return end;
  }
  return yield* runTask(known, claimed, Effect.succeed({ connection, permit }));
});
