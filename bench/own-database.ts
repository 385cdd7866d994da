/**
 * A PostgreSQL of its own for one run of a benchmark, with the product's tables and nothing
 * in them.
 *
 * @module
 */
import { join } from "node:path";
import postgres from "postgres";
import { startEmbeddedPostgres } from "../src/adapters/embedded-postgres/start-server.ts";
import { toPostgresOptions } from "../src/adapters/postgres/address.ts";
import { migrate } from "../src/adapters/postgres/migrate.ts";
import { numberType } from "../src/adapters/postgres/pool.ts";
import { temporaryFolder } from "./temporary-folder.ts";

/** `sql` is one connection, which reads numbers as the service does. */
export async function ownDatabase(parameters: Readonly<Record<string, string>> = {}) {
  const folder = await temporaryFolder();
  const server = await startEmbeddedPostgres(join(folder.path, "postgres"));
  const { host, port, user } = server;
  const address = { host, port, user, database: "postgres" };
  await migrate(address);
  const sql = postgres({
    ...toPostgresOptions(address),
    max: 1,
    onnotice: () => {},
    types: { bigint: numberType },
    connection: parameters,
  });
  return {
    address,
    sql,
    [Symbol.asyncDispose]: async () => {
      await sql.end({ timeout: 1 });
      await server.stop();
      await folder[Symbol.asyncDispose]();
    },
  };
}
