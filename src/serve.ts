/**
 * From a configuration to an app that answers, for any runtime that can serve `fetch`.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type AppRuntime, startRuntime } from "./compose.ts";
import type { Config } from "./config.ts";
import { ensureAdmin, type Generated } from "./first-start.ts";
import type { Ground } from "./ground.ts";
import { makeApp } from "./http/app.ts";
import type { RequestLine } from "./http/request-log.ts";
import { runWith } from "./http/run.ts";
import { SECURE_HEADERS } from "./http/secure-headers.ts";
import { EntryWaiters } from "./services/entry/entry-waiters.ts";
import { packageRoot } from "./package-root.ts";
import { Background } from "./services/refresh/background.ts";
import { version } from "./version.ts";

/** `peer`: as in `PeerEnv`. */
export type Fetch = (
  request: Request,
  peer: () => string,
) => Response | Promise<Response>;

export interface Service {
  readonly fetch: Fetch;
  readonly generated: Generated;
  readonly dataDir: string;
  /** To be called when the process begins to stop: nobody waits any more, all must end by then. */
  readonly endBy: (deadline: number) => Promise<void>;
  /** Hands back leases and leaves the database. To be called when nothing is served any more. */
  readonly close: () => Promise<void>;
}

const docsScript = join(packageRoot, "src/http/docs/scalar.js.gz");

/** Leaves `ground` when it fails. */
export async function startService(config: Config, ground: Ground): Promise<Service> {
  try {
    const runtime = await startRuntime(config, ground, config.worker === "inline");
    try {
      return await serviceOver(config, ground, runtime);
    } catch (error) {
      await runtime.dispose();
      throw error;
    }
  } catch (error) {
    await ground.leave();
    throw error;
  }
}

async function serviceOver(config: Config, ground: Ground, runtime: AppRuntime) {
  const { dataDir } = ground;
  const generated = await runtime.runPromise(ensureAdmin(config, dataDir));
  const { app } = makeApp({
    run: runWith(runtime),
    info: {
      version,
      database: config.databaseUrl === undefined ? "embedded" : "external",
      worker: config.worker,
      memoryMaxBytes: config.memoryMaxBytes,
    },
    network: config,
    metricsPublic: config.metricsPublic,
    docsScript: new Uint8Array(readFileSync(docsScript)),
    log: (line) => {
      if (config.logLevel === "debug" || !isRoutine(line)) {
        runtime.runFork(logRequest(line));
      }
    },
  });
  const endBy = (deadline: number) =>
    runtime.runPromise(
      Effect.gen(function* () {
        (yield* Background).endBy(deadline);
        yield* (yield* EntryWaiters).dismiss;
      }),
    );
  const close = async () => {
    await runtime.dispose();
    await ground.leave();
  };
  const fetch: Fetch = (request, peer) =>
    // A request that names no host has no URL that a router could read.
    URL.canParse(request.url)
      ? app.fetch(request, { peer })
      : new Response(null, { status: 400, headers: SECURE_HEADERS });
  return { fetch, generated, dataDir, endBy, close } satisfies Service;
}

/** Reads that went well are only of interest when something is being looked for. */
function isRoutine({ status, method }: RequestLine): boolean {
  return status < 400 && (method === "GET" || method === "HEAD");
}

const logRequest = ({ error, cache, ...line }: RequestLine) => {
  const annotated = Effect.annotateLogs({
    ...line,
    ...(cache === undefined ? {} : { cache }),
  });
  if (line.status >= 500) {
    return annotated(Effect.logError("request", ...(error === undefined ? [] : [error])));
  }
  return annotated(
    isRoutine({ error, cache, ...line })
      ? Effect.logDebug("request")
      : Effect.logInfo("request"),
  );
};
