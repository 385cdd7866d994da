/**
 * Writes of what came of an exchange, unless a purge since its beginning covers it.
 *
 * Who writes holds `PURGE_LOCK` shared, a purge holds it alone, each until it has
 * committed. So a writer sees every purge that came before it, and a purge sees every entry
 * that was written before it: nothing old comes back.
 *
 * @module
 */
import type { Entry, EntryId } from "../../domain/entry/entry.ts";
import { mightSelect, type PurgeSelection, selects } from "../../domain/entry/purge.ts";
import type { Transaction } from "../../services/transaction.ts";
import type { Database } from "./database.ts";
import type { Connection } from "./pool.ts";

export const PURGE_LOCK = 7_205_759_404;

type Sql = Connection["sql"];

/** Runs `write` unless a purge after `sinceSeq` covers `id`, which has `params`. */
export const unlessPurged =
  (database: Database["Service"], transaction: Transaction["Service"]) =>
  <A>(
    operation: string,
    { space, key }: EntryId,
    sinceSeq: number,
    params: (sql: Sql) => Promise<Entry["params"]>,
    write: (sql: Sql) => PromiseLike<A>,
  ) =>
    transaction.together(
      operation,
      database.run(operation, async ({ sql }): Promise<A | "Outdated"> => {
        // Sent together and carried out in turn: the purges are looked up under the lock.
        const [, rows] = await Promise.all([
          sql`select pg_advisory_xact_lock_shared(${PURGE_LOCK})`,
          sql<{ change: { selection: PurgeSelection } }[]>`
            select change from changes where seq > ${sinceSeq} and kind = 'Purged'`,
        ]);
        const purges = rows
          .map(({ change }) => change.selection)
          .filter((selection) => mightSelect(selection, { space, key }));
        if (purges.length === 0) return write(sql);
        const entry = { space, key, params: await params(sql) };
        const purged = purges.some((selection) => selects(selection, entry));
        return purged ? "Outdated" : write(sql);
      }),
    );
