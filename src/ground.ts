/**
 * What a process stands on: a database of this version's schema, and the secret key.
 *
 * Loads little before the embedded server starts, so that the rest loads beside it.
 *
 * @module
 */
import { packageRoot } from "./package-root.ts";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { defaultDataDir } from "./adapters/embedded-postgres/data-folder.ts";
import { startEmbeddedPostgres } from "./adapters/embedded-postgres/start-server.ts";
import type { DatabaseAddress } from "./adapters/postgres/address.ts";
import { keepSecret } from "./adapters/secrets/kept-secret.ts";
import type { Config } from "./config.ts";
import { BadConfig, readKey } from "./config-variable.ts";

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
  const located = locateDatabase(config, dataDir);
  // Loaded while the server starts: it takes about as long.
  const [{ address, leave }, { migrate }] = await Promise.all([
    located,
    import("./adapters/postgres/migrate.ts"),
  ]);
  try {
    await migrate(address, join(packageRoot, "drizzle")).catch((error) => {
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
  const kept = keepSecret(dataDir, "secret-key", () => randomBytes(32).toString("hex"));
  const key = readKey(kept.secret);
  if (key === undefined)
    throw new BadConfig(`Cannot start: ${join(dataDir, "secret-key")} is damaged`);
  return key;
}
