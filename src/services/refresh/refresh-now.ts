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
import { learnSource } from "./learn-source.ts";
import { runTask, type TaskEnd } from "./run-task.ts";
import { type KeyClaim, TaskQueue, type Wanted } from "./task-queue.ts";
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

/** As often as the source is changed meanwhile; the key is another once it has another space. */
const claimAndRun = Effect.fnUntraced(function* (
  started: KnownSource,
  wanted: Wanted,
  before: Priority,
) {
  let known: KnownSource | undefined = started;
  while (known?.space === wanted.space) {
    const attempt: Attempt = yield* claimOnce(known, wanted, before);
    if (attempt._tag === "Ended") return attempt.end;
    known = yield* learnSource(known, attempt.seq);
  }
  return "NoCallFree" satisfies NowEnd;
});

/** How it went by what was known of the source. */
type Attempt =
  | { readonly _tag: "Ended"; readonly end: NowEnd }
  | Extract<KeyClaim, { readonly _tag: "Changed" }>;

const ended = (end: NowEnd): Attempt => ({ _tag: "Ended", end });

const claimOnce = (known: KnownSource, wanted: Wanted, before: Priority) =>
  Effect.gen(function* () {
    const connection = yield* connectUpstream(known);
    return yield* claimFor(known, wanted, before, connection);
  }).pipe(
    // It is the task's failure: retried and remembered like any other.
    Effect.catchTag("UpstreamUnreachable", (error) =>
      Effect.gen(function* () {
        const queue = yield* TaskQueue;
        const claim = yield* queue.claimKey(known.source, wanted, PRIORITY.normal);
        if (claim._tag === "Changed") return claim;
        if (claim._tag === "Busy") return ended("Busy");
        return ended(yield* runTask(known, claim.claimed, Effect.fail(error)));
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
  let claim: KeyClaim | undefined;
  const claiming = Effect.map(
    queue.claimKey(source, wanted, PRIORITY.normal),
    (outcome) => {
      claim = outcome;
      return outcome._tag === "Claimed" ? 1 : 0;
    },
  );
  const spending = Effect.gen(function* () {
    const others = yield* queue.queuedBesides(source, wanted, MOST_BEFORE, before);
    const { permit } = yield* takePermits(source, others + 1, (free) =>
      free > others ? claiming : Effect.succeed(0),
    );
    return { permit, claim };
  });
  const outcome = yield* Effect.onError(spending, () =>
    Effect.sync(() => connection.release()),
  );
  const { permit } = outcome;
  if (permit === undefined || outcome.claim?._tag !== "Claimed") {
    connection.release();
    if (outcome.claim?._tag === "Changed") return outcome.claim;
    return ended(outcome.claim?._tag === "Busy" ? "Busy" : "NoCallFree");
  }
  const ready = Effect.succeed({ connection, permit });
  return ended(yield* runTask(known, outcome.claim.claimed, ready));
});
