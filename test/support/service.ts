/**
 * The whole service in this process, on a database of its own.
 *
 * @module
 */
import { Effect, Layer, ManagedRuntime, Result } from "effect";
import postgres from "postgres";
import type { DatabaseAddress } from "../../src/adapters/postgres/address.ts";
import { toPostgresOptions } from "../../src/adapters/postgres/address.ts";
import * as PasswordHasher from "../../src/adapters/secrets/password-hasher.ts";
import { composeLayer } from "../../src/compose.ts";
import { type Config, readConfig } from "../../src/config.ts";
import { makeApp } from "../../src/http/app.ts";
import { runWith } from "../../src/http/run.ts";
import { replaceAdminToken } from "../../src/services/access/bootstrap.ts";
import { type Actor, asSystem } from "../../src/services/audit/actor.ts";
import { EntryMemory } from "../../src/services/entry/entry-memory.ts";
import { lastingPermits } from "./lasting-permits.ts";
import { testDatabase } from "./postgres.ts";

export const adminToken = "test-admin-token-0123456789";

type Services =
  ReturnType<typeof composeLayer> extends Layer.Layer<infer A, infer _E, infer _R>
    ? A
    : never;

export interface TestService extends AsyncDisposable {
  readonly address: DatabaseAddress;
  readonly declared: ReturnType<typeof makeApp>["declared"];
  /**
   * A request by the admin, unless `init` brings other credentials or a header `X-As: nobody`;
   * from this machine, unless it comes over a connection from `peer`.
   */
  request(path: string, init?: RequestInit, peer?: string): Promise<Response>;
  /** A request with a JSON body. */
  send(method: string, path: string, body: unknown): Promise<Response>;
  /** What `effect` records is recorded as done by the service itself. */
  run<A, E>(effect: Effect.Effect<A, E, Services | Actor>): Promise<A>;
  readonly sql: postgres.Sql;
  /** Makes every stored entry older by `millis`, as if that time had passed. */
  age(millis: number): Promise<void>;
}

export interface ServiceOptions {
  readonly worker?: "inline" | "off";
  /** Share the database of another service. */
  readonly address?: DatabaseAddress;
  readonly memoryMaxBytes?: number;
  readonly metricsPublic?: boolean;
  /** Permits that last as long as those of the service, and no longer. */
  readonly briefPermits?: boolean;
  /** More variables, as a user would set them. */
  readonly environment?: Readonly<Record<string, string>>;
}

const CREDENTIALS = ["authorization", "x-api-key", "cookie"];
/** Of the test alone; taken off the request. */
const AS = "x-as";
/** As those of the service, and some 16 times as quick. */
export const QUICK_PASSWORDS = { logN: 13, r: 8, p: 1 };
const passwords = PasswordHasher.layerBy(QUICK_PASSWORDS);
const secretKey = new Uint8Array(32).fill(7);

export function testConfig(options: ServiceOptions): Config {
  return {
    ...readConfig({
      UC_LOG_LEVEL: "off",
      UC_UPSTREAM_ALLOW_CIDRS: "127.0.0.0/8",
      ...options.environment,
    }),
    worker: options.worker ?? "inline",
    memoryMaxBytes: options.memoryMaxBytes ?? 64 * 1024 * 1024,
    metricsPublic: options.metricsPublic ?? false,
  };
}

export async function testService(options: ServiceOptions = {}): Promise<TestService> {
  const database = options.address === undefined ? await testDatabase() : undefined;
  const address = options.address ?? { url: database?.url ?? "" };
  const config = testConfig(options);
  const ground = { address, dataDir: "/nonexistent", secretKey, leave: async () => {} };
  const collects = config.worker === "inline";
  const composed = composeLayer(config, ground, collects, passwords);
  const runtime = await started(
    options.briefPermits === true
      ? composed
      : Layer.provideMerge(lastingPermits, composed),
  );
  await runtime.runPromise(replaceAdminToken(adminToken));
  const sql = postgres({ ...toPostgresOptions(address), max: 2, onnotice: () => {} });
  const { app, declared } = makeApp({
    run: runWith(runtime),
    info: {
      version: "0.0.0",
      database: "embedded",
      worker: config.worker,
      memoryMaxBytes: config.memoryMaxBytes,
    },
    network: config,
    metricsPublic: config.metricsPublic,
    docsScript: new Uint8Array(),
    log: () => {},
  });

  const request = async (path: string, init: RequestInit = {}, peer?: string) => {
    const headers = new Headers(init.headers);
    const isNobody = headers.get(AS) === "nobody";
    headers.delete(AS);
    if (!isNobody && !CREDENTIALS.some((name) => headers.has(name))) {
      headers.set("authorization", `Bearer ${adminToken}`);
    }
    return app.request(
      path,
      { ...init, headers },
      peer === undefined ? {} : { peer: () => peer },
    );
  };

  return {
    address,
    declared,
    sql,
    request,
    send: (method, path, body) =>
      request(path, {
        method,
        body: JSON.stringify(body),
        headers: { "content-type": "application/json" },
      }),
    run: async (effect) => {
      const result = await runtime.runPromise(Effect.result(asSystem(effect)));
      if (Result.isFailure(result)) throw result.failure;
      return result.success;
    },
    age: async (millis) => {
      await sql`
        update entries set stored_at = stored_at - ${millis}::bigint,
          fresh_until = fresh_until - ${millis}::bigint,
          stale_until = stale_until - ${millis}::bigint,
          fallback_until = fallback_until - ${millis}::bigint`;
      await runtime.runPromise(Effect.map(EntryMemory, (memory) => memory.clear()));
    },
    [Symbol.asyncDispose]: async () => {
      await sql.end({ timeout: 1 });
      await runtime.dispose();
      await database?.drop();
    },
  };
}

/** A runtime over `layer`, built; without remains where it can't be. */
async function started<A, E>(layer: Layer.Layer<A, E>) {
  const runtime = ManagedRuntime.make(layer);
  await runtime.context().catch(async (error) => {
    await runtime.dispose();
    throw error;
  });
  return runtime;
}

/** Asks again until `done`; for what happens behind an answer. Gives up after 30 seconds. */
export async function eventually<A>(
  ask: () => Promise<A>,
  done: (answer: A) => boolean,
): Promise<A> {
  const deadline = performance.now() + 30_000;
  for (;;) {
    const answer = await ask();
    if (done(answer)) return answer;
    if (performance.now() > deadline) {
      throw new Error(`Still not so after 30 s: ${JSON.stringify(answer)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** The JSON of `response`, to be compared. */
export async function jsonOf(response: Response): Promise<any> {
  return response.json();
}
