/**
 * Ends a task, and remembers a failure so that readers leave the key alone for a while.
 *
 * @module
 */
import { keyHash } from "../../domain/entry/entry.ts";
import { restMillis } from "../../domain/refresh/backoff.ts";
import type { TaskError } from "../../domain/refresh/task.ts";
import type { Claimed } from "../../services/refresh/task-queue.ts";
import type { Connection } from "./pool.ts";

type Sql = Connection["sql"];

/** `false` when the lease was lost: then the task is another's, and nothing is noted. */
export async function endTask(
  sql: Sql,
  processId: string,
  claimed: Claimed,
  error: TaskError | undefined,
): Promise<boolean> {
  const ended = await endRow(sql, processId, claimed, error);
  if (ended && error !== undefined) await noteFailure(sql, claimed, error);
  return ended;
}

/** A task nobody was told of is forgotten with its end, and a success forgets earlier failures. */
async function endRow(
  sql: Sql,
  processId: string,
  claimed: Claimed,
  error: TaskError | undefined,
): Promise<boolean> {
  const [row] = await sql<{ count: number }[]>`
    with mine as materialized (
      select id, told from tasks where id = ${claimed.taskId} and state = 'running'
        and leased_by = ${processId} for update
    ), forgotten as (
      delete from tasks where id in (select id from mine where not told)
    ), ended as (
      update tasks set state = ${error === undefined ? "succeeded" : "failed"},
        ended_at = uc_now(), lease_until = null,
        error_code = ${error?.code ?? null}, error_detail = ${error?.detail ?? null}
      where id in (select id from mine where told)
    ), forgiven as (
      delete from backoffs where key_hash = ${keyHash(claimed)}
        and ${error === undefined} and exists (select 1 from mine)
    )
    select count(*) as count from mine`;
  return row?.count === 1;
}

async function noteFailure(sql: Sql, id: Claimed, error: TaskError): Promise<void> {
  const [row] = await sql<{ failures: number }[]>`
    insert into backoffs (key_hash, failures, failed_at, until, error_code, error_detail)
    values (${keyHash(id)}, 1, uc_now(), uc_now(), ${error.code}, ${error.detail})
    on conflict (key_hash) do update set failures = backoffs.failures + 1,
      failed_at = excluded.failed_at,
      error_code = excluded.error_code, error_detail = excluded.error_detail
    returning failures`;
  await sql`
    update backoffs set until = failed_at + ${restMillis(row?.failures ?? 1)}::bigint
    where key_hash = ${keyHash(id)}`;
}
