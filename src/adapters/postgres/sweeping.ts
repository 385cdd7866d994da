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
import { AUDIT_KEPT_MILLIS } from "../../domain/audit/audit-action.ts";
import { SERIES_MILLIS } from "../../domain/access/login-throttle.ts";
import { IDLE_MILLIS } from "../../domain/access/session.ts";
import { KEPT_MILLIS } from "../../domain/idempotency/repeat-plan.ts";
import { REMEMBERED_MILLIS } from "../../domain/refresh/task.ts";
import { Sweeping } from "../../services/sweeping.ts";
import { Transaction } from "../../services/transaction.ts";
import { Database } from "./database.ts";
import type { Connection } from "./pool.ts";

/** Held while entries are swept: what deletes several at once takes it too, so that the two never wait for each other. */
export const SWEEP_LOCK = 7_205_759_405;
const IDS_PER_STEP = 20_000;
const ABANDONED_PER_STEP = 5_000;
/** The change log answers "what was purged since?" for exchanges, which never last this long. */
const LOG_MILLIS = 3_600_000;
const SILENT_PROCESS_MILLIS = 600_000;

type Sql = Connection["sql"];

export const layer = Layer.effect(
  Sweeping,
  Effect.gen(function* () {
    const database = yield* Database;
    const { together } = yield* Transaction;
    let sweptTo = 0;

    return Sweeping.of({
      sweep: together(
        "Sweeping.sweep",
        database.run("Sweeping.sweep", async ({ sql }) => {
          const [lock] = await sql<{ mine: boolean }[]>`
            select pg_try_advisory_xact_lock(${SWEEP_LOCK}) as mine`;
          if (!lock?.mine) return false;
          const abandoned = await sweepAbandoned(sql);
          const { next, more } = await sweepExpired(sql, sweptTo);
          sweptTo = next;
          await sweepRecords(sql);
          return abandoned || more;
        }),
      ),
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

async function sweepRecords(sql: Sql): Promise<void> {
  // Put back after their source was deleted: nobody can claim them.
  await sql`
    update tasks t set state = 'failed', ended_at = uc_now(), error_code = 'CANCELLED',
      error_detail = 'The source was deleted'
    where state = 'queued' and not exists (
      select 1 from sources s where s.id = t.source_id and 's' || s.epoch = t.space
    )`;
  await sql`delete from changes where logged_at < uc_now() - ${LOG_MILLIS}::bigint`;
  await sql`delete from processes where heard_at < uc_now() - ${SILENT_PROCESS_MILLIS}::bigint`;
  await sql`
    delete from tasks where state in ('succeeded', 'failed')
      and ended_at < uc_now() - ${REMEMBERED_MILLIS}::bigint`;
  await sql`delete from audit_records where at < uc_now() - ${AUDIT_KEPT_MILLIS}::bigint`;
  await sql`delete from backoffs where failed_at < uc_now() - ${REMEMBERED_MILLIS}::bigint`;
  await sql`
    delete from idempotency_keys where begun_at <= uc_now() - ${KEPT_MILLIS}::bigint`;
  await sql`
    delete from sessions
    where ends_at <= uc_now() or seen_at <= uc_now() - ${IDLE_MILLIS}::bigint`;
  await sql`
    delete from login_attempts where window_began_at <= uc_now() - ${SERIES_MILLIS}::bigint`;
}
