/**
 * Where the processes of a test keep what they store: a database of the run's server, or
 * a folder with an embedded server of its own.
 *
 * @module
 */
import postgres from "postgres";
import { temporaryDataFolder, testDatabase } from "../support/postgres.ts";
import { adminToken, secretKey } from "./client.ts";
import { serversIn } from "./embedded-server.ts";
import type { Environment } from "./processes.ts";

export interface Place extends AsyncDisposable {
  readonly environment: Environment;
}

/** A database that several processes share, and a connection to look into it. */
export async function sharedDatabase(): Promise<Place & { readonly sql: postgres.Sql }> {
  const database = await testDatabase();
  const folder = await temporaryDataFolder();
  const sql = postgres({ ...database.options, max: 1, onnotice: () => {} });
  return {
    environment: {
      DATABASE_URL: database.url,
      UC_SECRET_KEY: secretKey,
      UC_ADMIN_TOKEN: adminToken,
      UC_ADMIN_PASSWORD: "end-to-end-password",
      UC_DATA_DIR: folder.path,
    },
    sql,
    [Symbol.asyncDispose]: async () => {
      await sql.end({ timeout: 1 });
      await database.drop();
      await folder.remove();
    },
  };
}

/** A folder for embedded servers. It is an error when one still runs at the end. */
export async function dataFolder(): Promise<Place & { readonly path: string }> {
  const folder = await temporaryDataFolder();
  return {
    environment: { UC_DATA_DIR: folder.path },
    path: folder.path,
    [Symbol.asyncDispose]: async () => {
      const left = serversIn(folder.path);
      await folder.remove();
      if (left.length > 0) throw new Error(`Left behind: ${left.join(", ")}`);
    },
  };
}
