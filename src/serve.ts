/**
 * From a configuration to an app that answers, for any runtime that can serve `fetch`.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import { readFileSync } from "node:fs";
import { prepareGround, startRuntime } from "./compose.ts";
import type { Config } from "./config.ts";
import { ensureAdmin, type Generated } from "./first-start.ts";
import { makeApp } from "./http/app.ts";
import type { RequestLine } from "./http/request-log.ts";
import { runWith } from "./http/run.ts";
import { version } from "./version.ts";

export interface Service {
  readonly fetch: (request: Request) => Response | Promise<Response>;
  readonly generated: Generated;
  readonly dataDir: string;
  /** Hands back leases and leaves the database. To be called when nothing is served any more. */
  readonly close: () => Promise<void>;
}

const docsScript = new URL("./http/docs/scalar.js.gz", import.meta.url);

export async function startService(config: Config): Promise<Service> {
  const ground = await prepareGround(config);
  try {
    const runtime = await startRuntime(config, ground, config.worker === "inline");
    const generated = await runtime.runPromise(ensureAdmin(config, ground.dataDir));
    const { app } = makeApp({
      run: runWith(runtime),
      info: {
        version,
        database: config.databaseUrl === undefined ? "embedded" : "external",
        worker: config.worker,
        memoryMaxBytes: config.memoryMaxBytes,
      },
      docsScript: new Uint8Array(readFileSync(docsScript)),
      log: (line) => runtime.runFork(logRequest(line)),
    });
    return {
      fetch: app.fetch,
      generated,
      dataDir: ground.dataDir,
      close: async () => {
        await runtime.dispose();
        await ground.leave();
      },
    };
  } catch (error) {
    await ground.leave();
    throw error;
  }
}

/** Reads that went well are only of interest when something is being looked for. */
const logRequest = ({ error, cache, ...line }: RequestLine) => {
  const annotated = Effect.annotateLogs({
    ...line,
    ...(cache === undefined ? {} : { cache }),
  });
  if (line.status >= 500)
    return annotated(Effect.logError("request", ...(error ? [error] : [])));
  if (line.status >= 400 || line.method !== "GET")
    return annotated(Effect.logInfo("request"));
  return annotated(Effect.logDebug("request"));
};
