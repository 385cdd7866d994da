/**
 * The bridge from a route to the Effect runtime.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import type * as ManagedRuntime from "effect/ManagedRuntime";
import type * as Result from "effect/Result";
import type { LoginRoom } from "../services/access/login-room.ts";
import type { LoginThrottle } from "../services/access/login-throttle.ts";
import type { PasswordHasher } from "../services/access/password-hasher.ts";
import type { Randomness } from "../services/access/randomness.ts";
import type { SessionStore } from "../services/access/session-store.ts";
import type { Signer } from "../services/access/signer.ts";
import type { TokenDirectory } from "../services/access/token-directory.ts";
import type { TokenStore } from "../services/access/token-store.ts";
import type { UserStore } from "../services/access/user-store.ts";
import type { Audit } from "../services/audit/audit.ts";
import type { ChangeBus } from "../services/change-bus.ts";
import type { ClearLocks } from "../services/clearing/clear-locks.ts";
import type { EntryStatistics } from "../services/clearing/entry-statistics.ts";
import type { Counters } from "../services/counters.ts";
import type { AnswerRoom } from "../services/entry/answer-room.ts";
import type { EntryMemory } from "../services/entry/entry-memory.ts";
import type { EntryNews } from "../services/entry/entry-news.ts";
import type { EntryStore } from "../services/entry/entry-store.ts";
import type { ProcessUsage } from "../services/process-usage.ts";
import type { EndpointStore } from "../services/api-proxy/endpoint-store.ts";
import type { Flights } from "../services/gateway/flights.ts";
import type { ProxyDirectory } from "../services/api-proxy/proxy-directory.ts";
import type { ProjectStore } from "../services/api-proxy/project-store.ts";
import type { ProxyStore } from "../services/api-proxy/proxy-store.ts";
import type { ResponseCache } from "../services/gateway/response-cache.ts";
import type { IdempotencyKeys } from "../services/idempotency/idempotency-keys.ts";
import type { EntryWaiters } from "../services/entry/entry-waiters.ts";
import type { InstanceStore } from "../services/instance/instance-store.ts";
import type { CallLine } from "../services/quota/call-line.ts";
import type { CallQuota } from "../services/quota/call-quota.ts";
import type { QuotaSnapshots } from "../services/quota/quota-snapshots.ts";
import type { Leases } from "../services/refresh/leases.ts";
import type { Background } from "../services/refresh/background.ts";
import type { RefreshNow } from "../services/refresh/refresh-now.ts";
import type { RefreshRequests } from "../services/refresh/refresh-requests.ts";
import type { TaskQueue } from "../services/refresh/task-queue.ts";
import type { Upstream } from "../services/refresh/upstream.ts";
import type { SourceDirectory } from "../services/source/source-directory.ts";
import type { SourceStore } from "../services/source/source-store.ts";
import type { StoreHealth } from "../services/store-health.ts";
import type { Transaction } from "../services/transaction.ts";
import type { Workload } from "../services/workload.ts";

/**
 * Everything a route may ask for. Not the `Actor` of what is recorded in the audit trail:
 * a route says it by `onBehalfOf`, and what is forgotten does not compile.
 */
export type RouteServices =
  | AnswerRoom
  | Audit
  | Background
  | CallLine
  | CallQuota
  | ChangeBus
  | ClearLocks
  | Counters
  | EndpointStore
  | EntryMemory
  | EntryNews
  | EntryStatistics
  | EntryStore
  | EntryWaiters
  | Flights
  | ProxyDirectory
  | IdempotencyKeys
  | InstanceStore
  | Leases
  | LoginRoom
  | LoginThrottle
  | PasswordHasher
  | ProcessUsage
  | ProjectStore
  | ProxyStore
  | QuotaSnapshots
  | Randomness
  | RefreshNow
  | RefreshRequests
  | ResponseCache
  | SessionStore
  | Signer
  | SourceDirectory
  | SourceStore
  | StoreHealth
  | TaskQueue
  | TokenDirectory
  | TokenStore
  | Transaction
  | Upstream
  | UserStore
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
