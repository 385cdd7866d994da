/**
 * Puts the parts together: from what the environment says to running layers.
 *
 * @module
 */
import * as Layer from "effect/Layer";
import * as ManagedRuntime from "effect/ManagedRuntime";
import { randomBytes } from "node:crypto";
import * as EntryMemory from "./adapters/memory/entry-memory.ts";
import * as QuotaSnapshots from "./adapters/memory/quota-snapshots.ts";
import * as SourceDirectory from "./adapters/memory/source-directory.ts";
import * as TokenDirectory from "./adapters/memory/token-directory.ts";
import * as CallQuota from "./adapters/postgres/call-quota.ts";
import * as ChangeBus from "./adapters/postgres/change-bus.ts";
import * as Database from "./adapters/postgres/database.ts";
import * as DatabaseClock from "./adapters/postgres/database-clock.ts";
import * as EntryNews from "./adapters/postgres/entry-news.ts";
import * as EntryStore from "./adapters/postgres/entry-store.ts";
import * as Notifications from "./adapters/postgres/notifications.ts";
import * as SourceStore from "./adapters/postgres/source-store.ts";
import * as StoreHealth from "./adapters/postgres/store-health.ts";
import * as Sweeping from "./adapters/postgres/sweeping.ts";
import * as TaskQueue from "./adapters/postgres/task-queue.ts";
import * as TokenStore from "./adapters/postgres/token-store.ts";
import * as PasswordHasher from "./adapters/secrets/password-hasher.ts";
import * as SecretBox from "./adapters/secrets/secret-box.ts";
import * as Upstream from "./adapters/upstream/http-exchange.ts";
import type { Config } from "./config.ts";
import { parseCidrs } from "./domain/source/address-rules.ts";
import type { Ground } from "./ground.ts";
import * as Collect from "./jobs/collect.ts";
import * as RefreshStandings from "./jobs/refresh-standings.ts";
import * as Sweep from "./jobs/sweep.ts";
import { loggingLayer } from "./logging.ts";
import * as Background from "./services/refresh/background.ts";
import * as RefreshRequests from "./services/refresh/refresh-requests.ts";
import * as Leases from "./services/refresh/leases.ts";
import { AllowedCidrs } from "./services/source/upstream-policy.ts";

/** Everything that a process of either kind runs on. `collects`: it takes turns at the queue. */
export function composeLayer(config: Config, ground: Ground, collects: boolean) {
  const { address, secretKey } = ground;
  const processId = `${process.pid}-${randomBytes(6).toString("hex")}`;
  const allowed = parseCidrs(config.upstreamAllowCidrs.join(","));

  const store = Layer.mergeAll(
    TaskQueue.layer(processId),
    EntryStore.layer,
    EntryNews.layer(processId),
    CallQuota.layer,
    SourceStore.layer.pipe(Layer.provideMerge(SecretBox.layer(secretKey))),
    TokenStore.layer,
    StoreHealth.layer,
    Sweeping.layer,
    PasswordHasher.layer,
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
    EntryMemory.layer(config.memoryMaxBytes),
    QuotaSnapshots.layer,
    SourceDirectory.layer,
    TokenDirectory.layer,
    RefreshRequests.layer,
    // What runs in the background holds leases: it is drained before they are handed back.
    Background.layer().pipe(Layer.provideMerge(Leases.layer)),
  );
  const jobs = Layer.mergeAll(
    RefreshStandings.layer,
    Sweep.layer,
    collects ? Collect.layer() : Layer.empty,
  );
  return jobs.pipe(
    Layer.provideMerge(memory),
    Layer.provideMerge(store),
    Layer.provideMerge(loggingLayer(config)),
  );
}

/** A runtime over these layers, built: whatever can't be built rejects here. */
export async function startRuntime(config: Config, ground: Ground, collects: boolean) {
  const runtime = ManagedRuntime.make(composeLayer(config, ground, collects));
  try {
    await runtime.context();
    return runtime;
  } catch (error) {
    await runtime.dispose();
    throw error;
  }
}

export type AppRuntime = Awaited<ReturnType<typeof startRuntime>>;
