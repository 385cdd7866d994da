/**
 * One turn for one source: as many of its queued tasks as calls are free.
 *
 * Connections come first, then tasks and calls are claimed together in one transaction,
 * so the order of the queue holds over all workers, and a call is spent for each task
 * that is taken and for no other.
 *
 * @module
 */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import type { EntryId } from "../../domain/entry/entry.ts";
import { budgetAt } from "../../domain/quota/budget.ts";
import { PRIORITY, type Priority } from "../../domain/refresh/task.ts";
import type { Source } from "../../domain/source/source.ts";
import { EntryNews } from "../entry/entry-news.ts";
import { CallQuota } from "../quota/call-quota.ts";
import { isForfeit, takePermits } from "../quota/permit.ts";
import { Transaction } from "../transaction.ts";
import type { KnownSource } from "../source/source-directory.ts";
import { connectUpstream } from "./call-upstream.ts";
import type { FirstReady } from "./refresh-key.ts";
import { type Claimed, TaskQueue } from "./task-queue.ts";
import type { UpstreamConnection } from "./upstream.ts";

/** What the turn gave, and so what to do next. */
export type Turn =
  /** Tasks were claimed and are under way. */
  | { readonly _tag: "Claimed" }
  /** The upstream can't be reached; one task was claimed to find out and fail. */
  | { readonly _tag: "Unreachable" }
  /** The claim took longer than its permits are good for: the calls are lost, the tasks wait. */
  | { readonly _tag: "Forfeit" }
  /** The source is not as was known, and nothing was claimed; see `learnSource`. */
  | { readonly _tag: "Changed"; readonly seq: number }
  /** No call is free before `until` (Unix ms). */
  | { readonly _tag: "Spent"; readonly until: number }
  | { readonly _tag: "Idle" };

export interface ReadyTask {
  readonly claimed: Claimed;
  readonly first: FirstReady;
}

/** Where nothing says when a call is free, look again after this long. */
const LOOK_AGAIN_MILLIS = 1_000;
/** How long connections besides the first are waited for. */
const MORE_MILLIS = 500;
/** Refreshes that are waited for and fail together where the upstream can't be reached. */
const MOST_FAILED_AT_ONCE = 32;
/** How long before a call is free its connection is made ready. */
export const LEAD_MILLIS = 40;

export interface CollectRequest<E> {
  /** The most tasks to claim. */
  readonly room: number;
  /** Tasks of a worse priority are left alone. */
  readonly worst: Priority;
  /** Gets each task that was claimed, and must not wait for it. */
  readonly begin: (task: ReadyTask) => Effect.Effect<void>;
  /** Nothing is claimed after this instant (Unix ms). */
  readonly until?: number;
  /** Queues what is to be claimed, in the transaction of the claim; run once in any case. */
  readonly intake?: Effect.Effect<void, E> | undefined;
}

/** Claims tasks of `known` and hands each on. */
export const collectSource = Effect.fn("collectSource")(function* <E = never>(
  known: KnownSource,
  request: CollectRequest<E>,
) {
  const queue = yield* TaskQueue;
  const { together } = yield* Transaction;
  const { source } = known;
  const { room, worst, begin, intake = Effect.void } = request;

  const isAsked = request.intake !== undefined;
  const waiting = isAsked ? room : yield* queue.queuedUpTo(source, room, worst);
  if (waiting === 0) return idle;
  const { free, at } = yield* freeCalls(known);
  if (free === 0) {
    yield* intake;
    return spent(at);
  }

  const connecting = connectMany(known, Math.min(waiting, free));
  const left = request.until === undefined ? Infinity : request.until - at;
  const connected = yield* Effect.timeoutOption(connecting, Math.max(0, left));
  if (Option.isNone(connected)) {
    yield* intake;
    return idle;
  }
  const { connections, failure } = connected.value;
  if (failure === undefined) {
    yield* sleepUntil(at).pipe(Effect.onInterrupt(() => releaseAll(connections)));
    return yield* claimFor(known, connections, request);
  }
  const first = Effect.fail(failure);
  const claim = Effect.andThen(intake, claimToFail(queue, source, worst));
  const { changedBy } = yield* together("collectSource", claim).pipe(
    Effect.tap(({ needless }) => tellNeedless(needless)),
    Effect.tap(({ claimed }) =>
      Effect.forEach(claimed, (one) => begin({ claimed: one, first }), { discard: true }),
    ),
    Effect.uninterruptible,
  );
  return changedBy === undefined ? unreachable : changed(changedBy);
});

const AWAITED_MILLIS = 50;

const idle: Turn = { _tag: "Idle" };
const unreachable: Turn = { _tag: "Unreachable" };
const forfeit: Turn = { _tag: "Forfeit" };
const claimedSome: Turn = { _tag: "Claimed" };
const spent = (until: number): Turn => ({ _tag: "Spent", until });
const changed = (seq: number): Turn => ({ _tag: "Changed", seq });

/**
 * The calls that are free now or in a moment, and `at` when. Looks only: the claim decides.
 *
 * What is about to be free is prepared for, so that a short window is used from its start.
 */
const freeCalls = Effect.fnUntraced(function* ({ source }: KnownSource) {
  const quota = yield* CallQuota;
  const now = yield* Clock.currentTimeMillis;
  const record = (yield* quota.look([source.id])).get(source.id);
  const { remaining, resetAt } = budgetAt(source.rateLimit, record, now);
  if (remaining > 0) return { free: remaining, at: now };
  const at = resetAt ?? now + LOOK_AGAIN_MILLIS;
  if (at - now > LEAD_MILLIS) return { free: 0, at };
  return { free: budgetAt(source.rateLimit, record, at).remaining, at };
});

const sleepUntil = Effect.fnUntraced(function* (at: number) {
  const now = yield* Clock.currentTimeMillis;
  if (at > now) yield* Effect.sleep(at - now);
});

const releaseAll = (connections: readonly UpstreamConnection[]) =>
  Effect.sync(() => connections.forEach((connection) => connection.release()));

/**
 * Up to `wanted` connections. The first may take its time; an upstream that keeps the others
 * waiting must not hold up what one connection can do.
 */
const connectMany = (known: KnownSource, wanted: number) =>
  Effect.suspend(() => {
    const connections: UpstreamConnection[] = [];
    const connect = Effect.map(connectUpstream(known), (connection) => {
      connections.push(connection);
    });
    const more = Effect.ignore(Effect.timeoutOption(connect, MORE_MILLIS));
    return connect.pipe(
      Effect.andThen(
        Effect.all(
          Array.from({ length: wanted - 1 }, () => more),
          { concurrency: "unbounded", discard: true },
        ),
      ),
      Effect.as({ connections, failure: undefined }),
      Effect.catchTag("UpstreamUnreachable", (failure) =>
        Effect.succeed({ connections, failure }),
      ),
      Effect.onInterrupt(() => releaseAll(connections)),
    );
  });

/** Whoever waits hears of it at once; of the others one finds out for all. */
const claimToFail = Effect.fnUntraced(function* (
  queue: TaskQueue["Service"],
  source: Source,
  worst: Priority,
) {
  const waitedFor = yield* queue.claim(source, MOST_FAILED_AT_ONCE, PRIORITY.waiting);
  const isEnough = waitedFor.claimed.length > 0 || waitedFor.changedBy !== undefined;
  return isEnough ? waitedFor : yield* queue.claim(source, 1, worst);
});

/** Whoever waits for them finds what made them needless. */
const tellNeedless = Effect.fnUntraced(function* (needless: readonly EntryId[]) {
  const news = yield* EntryNews;
  yield* Effect.forEach(needless, news.replaced, { discard: true });
});

/** Uninterruptible: from the claim on, every task that was taken must reach its runner. */
const claimFor = <E>(
  known: KnownSource,
  connections: readonly UpstreamConnection[],
  { worst, begin, intake = Effect.void }: CollectRequest<E>,
) =>
  Effect.gen(function* () {
    const queue = yield* TaskQueue;
    const unused = [...connections];
    let claims: readonly Claimed[] = [];
    let needless: readonly EntryId[] = [];
    let changedBy: number | undefined;
    let awaited = 0;
    let isTaken = false;
    const claiming = takePermits(known.source, connections.length, (free) =>
      Effect.map(
        Effect.andThen(intake, queue.claim(known.source, free, worst)),
        (taken) => {
          isTaken = true;
          ({ claimed: claims, needless, changedBy, awaited } = taken);
          return claims.length;
        },
      ),
    );
    const { permit, retryAt } = yield* Effect.onError(claiming, () => releaseAll(unused));
    if (!isTaken) yield* Effect.onError(intake, () => releaseAll(unused));
    yield* tellNeedless(needless);
    if (permit !== undefined && (yield* isForfeit(known.source, permit, claims.length))) {
      yield* releaseAll(unused);
      yield* queue.putBack(claims.map(({ taskId }) => taskId));
      return forfeit;
    }
    if (permit !== undefined) {
      for (const claimed of claims) {
        const connection = unused.shift();
        if (connection === undefined) break;
        yield* begin({ claimed, first: Effect.succeed({ connection, permit }) });
      }
    }
    yield* releaseAll(unused);
    if (changedBy !== undefined) return changed(changedBy);
    // Where all were needless there may be others behind them.
    if (permit !== undefined || needless.length > 0) return claimedSome;
    // What was left to those who wait is taken in a moment, or free for the queue again.
    if (awaited > 0) return spent((yield* Clock.currentTimeMillis) + AWAITED_MILLIS);
    return retryAt === undefined ? idle : spent(retryAt);
  }).pipe(Effect.uninterruptible);
