/**
 * The bridge from a route to the Effect runtime.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import type * as ManagedRuntime from "effect/ManagedRuntime";
import type * as Result from "effect/Result";
import type { Signer } from "../services/access/signer.ts";
import type { TokenDirectory } from "../services/access/token-directory.ts";
import type { ChangeBus } from "../services/change-bus.ts";
import type { Counters } from "../services/counters.ts";
import type { EntryMemory } from "../services/entry/entry-memory.ts";
import type { EntryNews } from "../services/entry/entry-news.ts";
import type { EntryStore } from "../services/entry/entry-store.ts";
import type { ProcessUsage } from "../services/process-usage.ts";
import type { IdempotencyKeys } from "../services/idempotency/idempotency-keys.ts";
import type { EntryWaiters } from "../services/entry/entry-waiters.ts";
import type { CallQuota } from "../services/quota/call-quota.ts";
import type { QuotaSnapshots } from "../services/quota/quota-snapshots.ts";
import type { Leases } from "../services/refresh/leases.ts";
import type { Background } from "../services/refresh/background.ts";
import type { RefreshRequests } from "../services/refresh/refresh-requests.ts";
import type { TaskQueue } from "../services/refresh/task-queue.ts";
import type { Upstream } from "../services/refresh/upstream.ts";
import type { SourceDirectory } from "../services/source/source-directory.ts";
import type { SourceStore } from "../services/source/source-store.ts";
import type { StoreHealth } from "../services/store-health.ts";
import type { Transaction } from "../services/transaction.ts";
import type { Workload } from "../services/workload.ts";

/** Everything a route may ask for. */
export type RouteServices =
  | Background
  | CallQuota
  | ChangeBus
  | Counters
  | EntryMemory
  | EntryNews
  | EntryStore
  | EntryWaiters
  | IdempotencyKeys
  | Leases
  | ProcessUsage
  | QuotaSnapshots
  | RefreshRequests
  | Signer
  | SourceDirectory
  | SourceStore
  | StoreHealth
  | TaskQueue
  | TokenDirectory
  | Transaction
  | Upstream
  | Workload;

/**
 * Runs `effect` until it ends or the client hangs up.
 *
 * Failures come back as values. A defect is logged and rejects, and `app.onError`
 * answers 500 without saying why.
 */
export type Run = <A, E>(
  effect: Effect.Effect<A, E, RouteServices>,
  signal?: AbortSignal,
) => Promise<Result.Result<A, E>>;

export function runWith<R extends RouteServices, E>(
  runtime: ManagedRuntime.ManagedRuntime<RouteServices | R, E>,
): Run {
  return (effect, signal) =>
    runtime.runPromise(
      effect.pipe(
        Effect.catchDefect((defect) =>
          Effect.logError("A route died", defect).pipe(
            // Hono hands onError nothing but instances of Error.
            Effect.andThen(Effect.die(new Error("A route died", { cause: defect }))),
          ),
        ),
        Effect.result,
      ),
      signal === undefined ? {} : { signal },
    );
}
