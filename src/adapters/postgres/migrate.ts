/**
 * Brings a database to the schema this version needs.
 *
 * Processes that start together take turns under an advisory lock; the second finds
 * nothing left to do.
 *
 * @module
 */
import { drizzle } from "drizzle-orm/postgres-js";
import { migrate as applyMigrations } from "drizzle-orm/postgres-js/migrator";
import { fileURLToPath } from "node:url";
import postgres from "postgres";
import { type DatabaseAddress, toPostgresOptions } from "./address.ts";

const BESIDE_SOURCES = fileURLToPath(new URL("../../../drizzle", import.meta.url));

const MIGRATION_LOCK = 7_205_759_403;
const LEAST_VERSION = 15;

/**
 * `migrationsFolder`: `drizzle/` of this version. Rejects when the server can't be reached,
 * is older than 15, or refuses a statement.
 */
export async function migrate(
  address: DatabaseAddress,
  migrationsFolder = BESIDE_SOURCES,
): Promise<void> {
  const sql = postgres({
    ...toPostgresOptions(address),
    max: 1,
    connect_timeout: 10,
    onnotice: () => {},
  });
  try {
    const [row] = await sql<
      { version: number }[]
    >`select current_setting('server_version_num')::int / 10000 as version`;
    if (row === undefined || row.version < LEAST_VERSION) {
      throw new Error(
        `Cannot use PostgreSQL ${row?.version}: version ${LEAST_VERSION} or later is needed`,
      );
    }
    await sql`select pg_advisory_lock(${MIGRATION_LOCK})`;
    await applyMigrations(drizzle(sql), { migrationsFolder });
  } finally {
    await sql.end({ timeout: 5 });
  }
}
