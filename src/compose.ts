/**
 * Puts the parts together: from what the environment says to running layers.
 *
 * @module
 */
import * as Layer from "effect/Layer";
import * as ManagedRuntime from "effect/ManagedRuntime";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { defaultDataDir } from "./adapters/embedded-postgres/data-folder.ts";
import { startEmbeddedPostgres } from "./adapters/embedded-postgres/start-server.ts";
import * as EntryMemory from "./adapters/memory/entry-memory.ts";
import * as QuotaSnapshots from "./adapters/memory/quota-snapshots.ts";
import * as SourceDirectory from "./adapters/memory/source-directory.ts";
import * as TokenDirectory from "./adapters/memory/token-directory.ts";
import type { DatabaseAddress } from "./adapters/postgres/address.ts";
import * as CallQuota from "./adapters/postgres/call-quota.ts";
import * as ChangeBus from "./adapters/postgres/change-bus.ts";
import * as Database from "./adapters/postgres/database.ts";
import * as DatabaseClock from "./adapters/postgres/database-clock.ts";
import * as EntryNews from "./adapters/postgres/entry-news.ts";
import * as EntryStore from "./adapters/postgres/entry-store.ts";
import { migrate } from "./adapters/postgres/migrate.ts";
import * as Notifications from "./adapters/postgres/notifications.ts";
import * as SourceStore from "./adapters/postgres/source-store.ts";
import * as StoreHealth from "./adapters/postgres/store-health.ts";
import * as Sweeping from "./adapters/postgres/sweeping.ts";
import * as TaskQueue from "./adapters/postgres/task-queue.ts";
import * as TokenStore from "./adapters/postgres/token-store.ts";
import { keepSecret } from "./adapters/secrets/kept-secret.ts";
import * as PasswordHasher from "./adapters/secrets/password-hasher.ts";
import * as SecretBox from "./adapters/secrets/secret-box.ts";
import * as Upstream from "./adapters/upstream/http-exchange.ts";
import { BadConfig, type Config, readKey } from "./config.ts";
import { parseCidrs } from "./domain/source/address-rules.ts";
import * as Collect from "./jobs/collect.ts";
import * as RefreshStandings from "./jobs/refresh-standings.ts";
import * as Sweep from "./jobs/sweep.ts";
import { loggingLayer } from "./logging.ts";
import * as Background from "./services/refresh/background.ts";
import * as RefreshRequests from "./services/refresh/refresh-requests.ts";
import * as Leases from "./services/refresh/leases.ts";
import { AllowedCidrs } from "./services/source/upstream-policy.ts";

/** Where everything is kept, running. */
export interface Ground {
  readonly address: DatabaseAddress;
  readonly dataDir: string;
  readonly secretKey: Uint8Array;
  /** To be called last: the last process out stops an embedded server. */
  readonly leave: () => Promise<void>;
}

/** Starts or joins the database, brings it to this version's schema, finds the secret key. */
export async function prepareGround(config: Config): Promise<Ground> {
  const dataDir = config.dataDir ?? defaultDataDir();
  const { address, leave } = await locateDatabase(config, dataDir);
  try {
    await migrate(address).catch((error) => {
      throw unusable(config, error);
    });
    return { address, dataDir, secretKey: config.secretKey ?? keptKey(dataDir), leave };
  } catch (error) {
    await leave();
    throw error;
  }
}

/** The innermost reason: the driver's, which names host and port and no password. */
function unusable({ databaseUrl }: Config, error: unknown): Error {
  let cause = error;
  while (cause instanceof Error && cause.cause instanceof Error) cause = cause.cause;
  const reason = cause instanceof Error ? cause.message : String(cause);
  const store = databaseUrl === undefined ? "the embedded PostgreSQL" : "DATABASE_URL";
  return new BadConfig(`Cannot start: ${store} can't be used: ${reason}`);
}

async function locateDatabase({ databaseUrl }: Config, dataDir: string) {
  if (databaseUrl !== undefined) {
    return { address: { url: databaseUrl }, leave: async () => {} };
  }
  const { host, port, user, stop } = await startEmbeddedPostgres(
    join(dataDir, "postgres"),
  );
  return { address: { host, port, user, database: "postgres" }, leave: stop };
}

function keptKey(dataDir: string): Uint8Array {
  const text = keepSecret(dataDir, "secret-key", () => randomBytes(32).toString("hex"));
  const key = readKey(text);
  if (key === undefined)
    throw new BadConfig(`Cannot start: ${join(dataDir, "secret-key")} is damaged`);
  return key;
}

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
