/**
 * Counts the transactions that something costs the database.
 *
 * @module
 */
import type postgres from "postgres";

/** The server's statistics lag behind by about a second. */
export const SETTLE_MILLIS = 2_500;

export async function transactionsDuring(
  sql: postgres.Sql,
  run: () => Promise<unknown>,
): Promise<number> {
  const before = await transactions(sql);
  await run();
  await pause(SETTLE_MILLIS);
  return (await transactions(sql)) - before;
}

async function transactions(sql: postgres.Sql): Promise<number> {
  const [row] = await sql<{ count: string }[]>`
    select xact_commit + xact_rollback as count from pg_stat_database
    where datname = current_database()`;
  return Number(row?.count);
}

export function pause(millis: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, millis));
}
