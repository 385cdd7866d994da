/**
 * Puts the parts together: from what the environment says to running layers.
 *
 * @module
 */
import * as Layer from "effect/Layer";
import * as ManagedRuntime from "effect/ManagedRuntime";
import { randomBytes } from "node:crypto";
import * as EntryMemory from "./adapters/memory/entry-memory.ts";
import * as MemoryBudget from "./adapters/memory/memory-budget.ts";
import * as ResponseCache from "./adapters/memory/response-cache.ts";
import * as ProxyDirectory from "./adapters/memory/proxy-directory.ts";
import * as QuotaSnapshots from "./adapters/memory/quota-snapshots.ts";
import * as SourceDirectory from "./adapters/memory/source-directory.ts";
import * as TokenDirectory from "./adapters/memory/token-directory.ts";
import * as Audit from "./adapters/postgres/audit.ts";
import * as CallQuota from "./adapters/postgres/call-quota.ts";
import * as CallWaiters from "./adapters/postgres/call-waiters.ts";
import * as ChangeBus from "./adapters/postgres/change-bus.ts";
import * as ClearLocks from "./adapters/postgres/clear-locks.ts";
import * as Counters from "./adapters/postgres/counters.ts";
import * as Database from "./adapters/postgres/database.ts";
import * as DatabaseClock from "./adapters/postgres/database-clock.ts";
import * as EndpointStore from "./adapters/postgres/endpoint-store.ts";
import * as EntryNews from "./adapters/postgres/entry-news.ts";
import * as EntryStatistics from "./adapters/postgres/entry-statistics.ts";
import * as EntryStore from "./adapters/postgres/entry-store.ts";
import * as IdempotencyKeys from "./adapters/postgres/idempotency-keys.ts";
import * as InstanceStore from "./adapters/postgres/instance-store.ts";
import * as LoginThrottle from "./adapters/postgres/login-throttle.ts";
import * as Notifications from "./adapters/postgres/notifications.ts";
import * as ProjectStore from "./adapters/postgres/project-store.ts";
import * as ProxyStore from "./adapters/postgres/proxy-store.ts";
import * as ResponseStore from "./adapters/postgres/response-store.ts";
import * as SessionStore from "./adapters/postgres/session-store.ts";
import * as SourceStore from "./adapters/postgres/source-store.ts";
import * as StoreHealth from "./adapters/postgres/store-health.ts";
import * as Sweeping from "./adapters/postgres/sweeping.ts";
import * as TaskQueue from "./adapters/postgres/task-queue.ts";
import * as TokenStore from "./adapters/postgres/token-store.ts";
import * as UserStore from "./adapters/postgres/user-store.ts";
import * as Workload from "./adapters/postgres/workload.ts";
import * as ProcessUsage from "./adapters/process/process-usage.ts";
import * as PasswordHasher from "./adapters/secrets/password-hasher.ts";
import * as Randomness from "./adapters/secrets/randomness.ts";
import * as SecretBox from "./adapters/secrets/secret-box.ts";
import * as Signer from "./adapters/secrets/signer.ts";
import * as Upstream from "./adapters/upstream/http-exchange.ts";
import type { Config } from "./config.ts";
import { parseCidrs } from "./domain/source/address-rules.ts";
import type { Ground } from "./ground.ts";
import * as Collect from "./jobs/collect.ts";
import * as KeepCapacity from "./jobs/keep-capacity.ts";
import * as RefreshStandings from "./jobs/refresh-standings.ts";
import * as Sweep from "./jobs/sweep.ts";
import { loggingLayer } from "./logging.ts";
import * as LoginRoom from "./services/access/login-room.ts";
import * as AnswerRoom from "./services/entry/answer-room.ts";
import * as EntryWaiters from "./services/entry/entry-waiters.ts";
import * as Flights from "./services/gateway/flights.ts";
import * as CallLine from "./services/quota/call-line.ts";
import * as Background from "./services/refresh/background.ts";
import * as RefreshNow from "./services/refresh/refresh-now.ts";
import * as RefreshRequests from "./services/refresh/refresh-requests.ts";
import * as Leases from "./services/refresh/leases.ts";
import { AllowedCidrs } from "./services/source/upstream-policy.ts";

/**
 * Everything that a process of either kind runs on. `collects`: it takes turns at the queue.
 * `passwords` may be cheaper ones where nobody is to be kept out.
 */
export function composeLayer(
  config: Config,
  ground: Ground,
  collects: boolean,
  passwords = PasswordHasher.layer,
) {
  const { address, secretKey } = ground;
  const processId = `${process.pid}-${randomBytes(6).toString("hex")}`;
  const allowed = parseCidrs(config.upstreamAllowCidrs.join(","));

  const store = Layer.mergeAll(
    TaskQueue.layer(processId),
    EntryStore.layer,
    EntryStatistics.layer,
    ResponseStore.layer,
    ClearLocks.layer(address),
    InstanceStore.layer,
    EntryNews.layer(processId),
    CallQuota.layer,
    CallLine.layer(processId).pipe(Layer.provide(CallWaiters.layer)),
    IdempotencyKeys.layer,
    Audit.layer,
    SourceStore.layer.pipe(Layer.provideMerge(SecretBox.layer(secretKey))),
    ProjectStore.layer,
    ProxyStore.layer,
    EndpointStore.layer,
    TokenStore.layer,
    UserStore.layer,
    SessionStore.layer,
    LoginThrottle.layer,
    StoreHealth.layer,
    Sweeping.layer,
    Counters.layer,
    Workload.layer,
    ProcessUsage.layer,
    passwords,
    Randomness.layer,
    Signer.layer(secretKey),
    Upstream.layer({ allowCidrs: config.upstreamAllowCidrs }),
    Layer.succeed(AllowedCidrs, allowed._tag === "Parsed" ? allowed.cidrs : []),
  ).pipe(
    Layer.provideMerge(ChangeBus.layer(processId)),
    Layer.provideMerge(DatabaseClock.layer),
    Layer.provideMerge(
      Layer.mergeAll(Database.layer(address), Notifications.layer(address)),
    ),
  );
  const memory = Layer.mergeAll(
    QuotaSnapshots.layer,
    SourceDirectory.layer,
    TokenDirectory.layer,
    ProxyDirectory.layer,
    RefreshRequests.layer,
    AnswerRoom.layer(),
    Flights.layer,
    LoginRoom.layer,
    RefreshNow.layer,
    Layer.mergeAll(
      EntryWaiters.layer().pipe(Layer.provideMerge(EntryMemory.sharingLayer)),
      ResponseCache.layer,
    ).pipe(Layer.provide(MemoryBudget.layer(config.memoryMaxBytes))),
    // What runs in the background holds leases: it is drained before they are handed back.
    Background.layer().pipe(Layer.provideMerge(Leases.layer)),
  );
  const jobs = Layer.mergeAll(
    RefreshStandings.layer,
    Sweep.layer,
    KeepCapacity.layer,
    Collect.layer(collects ? Collect.everything : Collect.whatIsWaitedFor),
  );
  return jobs.pipe(
    Layer.provideMerge(memory),
    Layer.provideMerge(store),
    Layer.provideMerge(loggingLayer(config)),
  );
}

/** A runtime over these layers, built: whatever can't be built rejects here. */
export async function startRuntime(...parts: Parameters<typeof composeLayer>) {
  const runtime = ManagedRuntime.make(composeLayer(...parts));
  try {
    await runtime.context();
    return runtime;
  } catch (error) {
    await runtime.dispose();
    throw error;
  }
}

export type AppRuntime = Awaited<ReturnType<typeof startRuntime>>;
