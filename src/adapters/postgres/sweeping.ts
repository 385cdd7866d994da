/**
 * Sweeps expired and abandoned rows, a bounded part at a time.
 *
 * Entries have no index on an instant, so they are gone through by ranges of their id; the
 * process remembers how far it came.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import { Sweeping } from "../../services/sweeping.ts";
import { Transaction } from "../../services/transaction.ts";
import { Database } from "./database.ts";
import type { Connection } from "./pool.ts";
import { sweepRecords } from "./sweep-records.ts";

/** Held while entries are swept: what deletes several at once takes it too, so that the two never wait for each other. */
export const SWEEP_LOCK = 7_205_759_405;
const IDS_PER_STEP = 20_000;
const ABANDONED_PER_STEP = 5_000;
/** Records are swept this long at a time, each chunk for itself. */
const RECORDS_MILLIS = 2_000;

type Sql = Connection["sql"];

/** Rows of `counters` about a space begin so. */
export const countersOf = (space: string): string => `entries ${space} `;

export const layer = Layer.effect(
  Sweeping,
  Effect.gen(function* () {
    const database = yield* Database;
    const { together } = yield* Transaction;
    let sweptTo = 0;

    /** Gives whether there is more; `undefined` where another process is at work. */
    const sweepEntries = together(
      "Sweeping.sweep",
      database.run("Sweeping.sweep", async ({ sql }) => {
        const [lock] = await sql<{ mine: boolean }[]>`
          select pg_try_advisory_xact_lock(${SWEEP_LOCK}) as mine`;
        if (!lock?.mine) return undefined;
        const abandoned = await sweepAbandoned(sql);
        const { next, more } = await sweepExpired(sql, sweptTo);
        sweptTo = next;
        return abandoned || more;
      }),
    );

    return Sweeping.of({
      sweep: Effect.gen(function* () {
        const moreEntries = yield* sweepEntries;
        if (moreEntries === undefined) return false;
        // Not under the lock of entries: a purge that waits for it has no four seconds to lose.
        const moreRecords = yield* sweepRecords(database, RECORDS_MILLIS);
        return moreEntries || moreRecords;
      }),
    });
  }),
);

async function sweepAbandoned(sql: Sql): Promise<boolean> {
  const [space] = await sql<
    { space: string }[]
  >`select space from abandoned_spaces limit 1`;
  if (space === undefined) return false;
  const deleted = await sql`
    delete from entries where id in (
      select id from entries where space = ${space.space} limit ${ABANDONED_PER_STEP}
    )`;
  if (deleted.count === 0) {
    await sql`delete from abandoned_spaces where space = ${space.space}`;
    await sql`delete from counters where starts_with(name, ${countersOf(space.space)})`;
  }
  return true;
}

async function sweepExpired(sql: Sql, from: number) {
  const to = from + IDS_PER_STEP;
  await sql`
    delete from entries where id > ${from} and id <= ${to} and fallback_until <= uc_now()`;
  const [last] = await sql<{ id: number | null }[]>`select max(id) as id from entries`;
  const more = to < (last?.id ?? 0);
  return { next: more ? to : 0, more };
}
