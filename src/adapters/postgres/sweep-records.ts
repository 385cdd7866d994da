/**
 * Deletes what was remembered for long enough, in chunks.
 *
 * Two million rows can be over at the same instant, and one statement has five seconds: each
 * takes a bounded number, and a sweep goes round until nothing is left or its time is over.
 * Rows that somebody else holds are passed over, so nobody waits for the other.
 *
 * @module
 */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import { IDLE_MILLIS } from "../../domain/access/session.ts";
import { AUDIT_KEPT_MILLIS } from "../../domain/audit/audit-action.ts";
import { KEPT_MILLIS } from "../../domain/idempotency/repeat-plan.ts";
import { REMEMBERED_MILLIS } from "../../domain/refresh/task.ts";
import type { Database } from "./database.ts";
import type { Connection } from "./pool.ts";
import { OF_GONE_ENDPOINTS, OF_GONE_PROXIES } from "./request-counts.ts";

export const RECORDS_PER_STEP = 10_000;
/** The change log answers "what was purged since?" for exchanges, which never last this long. */
const LOG_MILLIS = 3_600_000;
const SILENT_PROCESS_MILLIS = 600_000;

type Sql = Connection["sql"];
/** Takes at most `RECORDS_PER_STEP` rows, and gives how many it took. */
type Step = (sql: Sql) => Promise<number>;

/** Gives whether there may be more, after about `mostMillis`; each table has one turn at least. */
export const sweepRecords = Effect.fnUntraced(function* (
  database: Database["Service"],
  mostMillis: number,
) {
  const until = (yield* Clock.currentTimeMillis) + mostMillis;
  let left: readonly Step[] = [cancelOrphans, ...SWEPT];
  do {
    const full: Step[] = [];
    for (const step of left) {
      const count = yield* database.run("Sweeping.sweep", ({ sql }) => step(sql));
      if (count === RECORDS_PER_STEP) full.push(step);
    }
    left = full;
  } while (left.length > 0 && (yield* Clock.currentTimeMillis) < until);
  return left.length > 0;
});

/**
 * Planned each time anew: a plan that is kept from when the table was small compares every
 * row with every one of ten thousand.
 */
const planned = (text: string): Step => {
  return async (sql) => (await sql.unsafe(text, [], { prepare: false })).count;
};

/** Tasks put back after their source was deleted: nobody can claim them. */
const cancelOrphans = planned(`
  update tasks set state = 'failed', ended_at = uc_now(), error_code = 'CANCELLED',
    error_detail = 'The source was deleted'
  where state = 'queued' and id = any(array(
    select t.id from tasks t
    where t.state = 'queued' and not exists (
      select 1 from sources s where s.id = t.source_id and 's' || s.epoch = t.space
    )
    limit ${RECORDS_PER_STEP} for update skip locked
  ))`);

const swept = (table: string, isOver: string) =>
  planned(`
    delete from ${table} where ctid = any(array(
      select ctid from ${table} where ${isOver}
      limit ${RECORDS_PER_STEP} for update skip locked
    ))`);

const before = (millis: number) => `uc_now() - ${millis}::bigint`;

const SWEPT: readonly Step[] = [
  swept("changes", `logged_at < ${before(LOG_MILLIS)}`),
  swept("processes", `heard_at < ${before(SILENT_PROCESS_MILLIS)}`),
  swept(
    "tasks",
    `state in ('succeeded', 'failed') and ended_at < ${before(REMEMBERED_MILLIS)}`,
  ),
  swept("audit_records", `at < ${before(AUDIT_KEPT_MILLIS)}`),
  swept("backoffs", `failed_at < ${before(REMEMBERED_MILLIS)}`),
  swept("idempotency_keys", `begun_at <= ${before(KEPT_MILLIS)}`),
  swept("sessions", `ends_at <= uc_now() or seen_at <= ${before(IDLE_MILLIS)}`),
  swept("login_attempts", "ends_at <= uc_now()"),
  swept("counters", OF_GONE_PROXIES),
  swept("counters", OF_GONE_ENDPOINTS),
];
