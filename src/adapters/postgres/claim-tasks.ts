/**
 * Claims tasks for this process, with what their exchange needs to know.
 *
 * @module
 */
import { type HeaderList, keyHash } from "../../domain/entry/entry.ts";
import { LEASE_MILLIS, type Priority } from "../../domain/refresh/task.ts";
import { type Source, spaceOf } from "../../domain/source/source.ts";
import type { Claimed, Claims, Wanted } from "../../services/refresh/task-queue.ts";
import { endTask } from "./end-task.ts";
import type { Connection } from "./pool.ts";

type Sql = Connection["sql"];

/**
 * First in line first. A reader that found nothing may queue a task just after the answer
 * it wanted was stored: such a task ends here, without a call.
 *
 * Tasks of a source that was here before under the id are not its own.
 */
export async function claimTasks(
  sql: Sql,
  processId: string,
  source: Source,
  limit: number,
  worst: Priority,
): Promise<Claims> {
  const rows = await sql<ClaimedRow[]>`
    with next as (
      select id from tasks where source_id = ${source.id} and state = 'queued'
        and space = ${spaceOf(source)} and priority <= ${worst}
      order by priority, place limit ${limit} for update skip locked
    ), claimed as (
      update tasks t set state = 'running', started_at = uc_now(),
        lease_until = uc_now() + ${LEASE_MILLIS}::bigint, leased_by = ${processId}
      from next where t.id = next.id
      returning t.*
    )
    ${describeClaimed(sql)} order by c.priority, c.place`;
  const needless = rows.filter((row) => row.needless).map(toClaimed);
  for (const claimed of needless) await endTask(sql, processId, claimed, undefined);
  return { claimed: rows.filter((row) => !row.needless).map(toClaimed), needless };
}

/** Claims one key, queued or not; `undefined` when it is running, or there is a newer entry. */
export async function claimKey(
  sql: Sql,
  processId: string,
  newId: string,
  source: Source,
  wanted: Wanted,
  priority: Priority,
): Promise<Claimed | undefined> {
  const hash = keyHash(wanted);
  const [row] = await sql<ClaimedRow[]>`
    with claimed as (
      insert into tasks (
        id, source_id, space, key, key_hash, priority, state, told, queued_at,
        started_at, lease_until, leased_by
      )
      select ${newId}, ${source.id}, ${wanted.space}, ${wanted.key}, ${hash}::bytea,
        ${priority}, 'running', false, uc_now(),
        uc_now(), uc_now() + ${LEASE_MILLIS}::bigint, ${processId}
      where not exists (
        select 1 from entries e where e.key_hash = ${hash} and e.variant = ''
          and e.response_at > ${wanted.newerThan ?? null}
      )
      on conflict (key_hash) where state in ('queued', 'running') do update set
        state = 'running', started_at = uc_now(),
        lease_until = excluded.lease_until, leased_by = excluded.leased_by
      where tasks.state = 'queued'
      returning *
    )
    ${describeClaimed(sql)}`;
  return row === undefined ? undefined : toClaimed(row);
}

/** What the exchange needs to know, read with the claim. */
function describeClaimed(sql: Sql) {
  return sql`
    select c.id, c.source_id, c.space, c.key, c.priority, c.place,
      coalesce(e.response_at > c.newer_than, false) as needless, e.status, e.etag, e.headers,
      (select seq from change_head) as seq
    from claimed c left join entries e on e.key_hash = c.key_hash and e.variant = ''`;
}

interface ClaimedRow {
  readonly id: string;
  readonly source_id: string;
  readonly space: string;
  readonly key: string;
  readonly priority: Priority;
  readonly needless: boolean;
  readonly status: number | null;
  readonly etag: string | null;
  readonly headers: HeaderList | null;
  readonly seq: number;
}

function toClaimed(row: ClaimedRow): Claimed {
  const { status, etag, headers } = row;
  return {
    taskId: row.id,
    sourceId: row.source_id,
    space: row.space,
    key: row.key,
    priority: row.priority,
    sinceSeq: row.seq,
    stored:
      etag === null || headers === null || status === null
        ? undefined
        : { status, etag, headers },
  };
}
