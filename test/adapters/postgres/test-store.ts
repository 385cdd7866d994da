/**
 * What the store is made of, over a database of the test's own.
 *
 * @module
 */
import { Effect, type Exit, Layer, ManagedRuntime, Result } from "effect";
import { randomBytes } from "node:crypto";
import postgres from "postgres";
import {
  type DatabaseAddress,
  toPostgresOptions,
} from "../../../src/adapters/postgres/address.ts";
import * as Audit from "../../../src/adapters/postgres/audit.ts";
import * as CallQuota from "../../../src/adapters/postgres/call-quota.ts";
import * as ChangeBus from "../../../src/adapters/postgres/change-bus.ts";
import * as Counters from "../../../src/adapters/postgres/counters.ts";
import * as Database from "../../../src/adapters/postgres/database.ts";
import * as DatabaseClock from "../../../src/adapters/postgres/database-clock.ts";
import * as EntryStore from "../../../src/adapters/postgres/entry-store.ts";
import * as IdempotencyKeys from "../../../src/adapters/postgres/idempotency-keys.ts";
import * as LoginThrottle from "../../../src/adapters/postgres/login-throttle.ts";
import * as Notifications from "../../../src/adapters/postgres/notifications.ts";
import type { PoolOptions } from "../../../src/adapters/postgres/pool.ts";
import * as ResponseStore from "../../../src/adapters/postgres/response-store.ts";
import * as SessionStore from "../../../src/adapters/postgres/session-store.ts";
import * as Sweeping from "../../../src/adapters/postgres/sweeping.ts";
import * as TaskQueue from "../../../src/adapters/postgres/task-queue.ts";
import * as TokenStore from "../../../src/adapters/postgres/token-store.ts";
import * as UserStore from "../../../src/adapters/postgres/user-store.ts";
import * as Workload from "../../../src/adapters/postgres/workload.ts";
import type { StoreUnavailable } from "../../../src/services/errors.ts";
import { testDatabase } from "../../support/postgres.ts";
import { patientPool } from "./patient-pool.ts";

/** The layers of one process; `processId` names it among the others. */
export function storeLayer(
  address: DatabaseAddress,
  processId = randomBytes(6).toString("hex"),
  options: PoolOptions = patientPool,
) {
  return Layer.mergeAll(
    TaskQueue.layer(processId),
    EntryStore.layer,
    ResponseStore.layer,
    CallQuota.layer,
    IdempotencyKeys.layer,
    TokenStore.layer,
    UserStore.layer,
    SessionStore.layer,
    LoginThrottle.layer,
    Audit.layer,
    Sweeping.layer,
    Counters.layer,
    Workload.layer,
  ).pipe(
    Layer.provideMerge(ChangeBus.layer(processId)),
    Layer.provideMerge(DatabaseClock.layer),
    Layer.provideMerge(
      Layer.mergeAll(Database.layer(address, options), Notifications.layer(address)),
    ),
  );
}

export type StoreServices = Layer.Success<ReturnType<typeof storeLayer>>;

export interface TestStore extends AsyncDisposable {
  readonly address: DatabaseAddress;
  /** A way past the adapters, to arrange and to look. */
  readonly sql: postgres.Sql<{ bigint: number }>;
  run<A, E>(effect: Effect.Effect<A, E, StoreServices>): Promise<A>;
  exit<A, E>(
    effect: Effect.Effect<A, E, StoreServices>,
  ): Promise<Exit.Exit<A, E | StoreUnavailable>>;
}

export interface StoreOptions {
  /** Share the database of another store. */
  readonly address?: DatabaseAddress;
  readonly processId?: string;
  /** Without it one that waits long. */
  readonly pool?: PoolOptions;
}

export async function testStore(options: StoreOptions = {}): Promise<TestStore> {
  const database = options.address === undefined ? await testDatabase() : undefined;
  const address = options.address ?? { url: database?.url ?? "" };
  const runtime = ManagedRuntime.make(
    storeLayer(address, options.processId, options.pool),
  );
  await runtime.context();
  const sql = postgres({
    ...toPostgresOptions(address),
    max: 4,
    onnotice: () => {},
    types: { bigint: { to: 20, from: [20], serialize: String, parse: Number } },
  });
  return {
    address,
    sql,
    run: async (effect) => {
      const result = await runtime.runPromise(Effect.result(effect));
      if (Result.isFailure(result)) throw result.failure;
      return result.success;
    },
    exit: (effect) => runtime.runPromiseExit(effect),
    [Symbol.asyncDispose]: async () => {
      await sql.end({ timeout: 1 });
      await runtime.dispose();
      await database?.drop();
    },
  };
}

/** `count` promises at once. */
export function atOnce<A>(
  count: number,
  work: (index: number) => Promise<A>,
): Promise<A[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => work(index)));
}
