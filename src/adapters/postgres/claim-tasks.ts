/**
 * Claims tasks for this process, with what their exchange needs to know.
 *
 * A claim holds only if the source is still as the claimer knows it, which the same
 * statement looks at: an exchange by an older definition would spend by an older limit, and
 * store its answer under names that no clear knows any more. A change that comes after it
 * has a number above the claim's, and outdates what it renames.
 *
 * For each who waits for the next call of the source (`CallWaiters`) one less is claimed.
 *
 * @module
 */
import { type HeaderList, keyHash } from "../../domain/entry/entry.ts";
import { LEASE_MILLIS, type Priority } from "../../domain/refresh/task.ts";
import { type Source, spaceOf } from "../../domain/source/source.ts";
import type {
  Claimed,
  Claims,
  KeyClaim,
  Wanted,
} from "../../services/refresh/task-queue.ts";
import { callsAwaited } from "./call-waiters.ts";
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
  const rows = await sql<Row[]>`
    with known as (${isAsKnown(sql, source)}), next as (
      select id from tasks where (select as_known from known)
        and source_id = ${source.id} and state = 'queued'
        and space = ${spaceOf(source)} and priority <= ${worst}
      order by priority, place limit greatest(0, ${limit} - (select awaited from known))
      for update skip locked
    ), claimed as (
      update tasks t set state = 'running', started_at = uc_now(),
        lease_until = uc_now() + ${LEASE_MILLIS}::bigint, leased_by = ${processId}
      from next where t.id = next.id
      returning t.*
    )
    ${describeClaimed(sql)} order by c.priority, c.place`;
  const taken = rows.filter(isTaken);
  const needless = taken.filter((row) => row.needless).map(toClaimed);
  for (const claimed of needless) await endTask(sql, processId, claimed, undefined);
  return {
    claimed: taken.filter((row) => !row.needless).map(toClaimed),
    needless,
    changedBy: changedBy(rows),
    awaited: rows[0]?.awaited ?? 0,
  };
}

/** Claims one key, queued or not, unless it is running, or there is a newer entry. */
export async function claimKey(
  sql: Sql,
  processId: string,
  newId: string,
  source: Source,
  wanted: Wanted,
  priority: Priority,
): Promise<KeyClaim> {
  const hash = keyHash(wanted);
  const rows = await sql<Row[]>`
    with known as (${isAsKnown(sql, source)}), claimed as (
      insert into tasks (
        id, source_id, space, key, key_hash, priority, state, told, queued_at,
        started_at, lease_until, leased_by
      )
      select ${newId}, ${source.id}, ${wanted.space}, ${wanted.key}, ${hash}::bytea,
        ${priority}, 'running', false, uc_now(),
        uc_now(), uc_now() + ${LEASE_MILLIS}::bigint, ${processId}
      from known where as_known and not exists (
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
  const seq = changedBy(rows);
  if (seq !== undefined) return { _tag: "Changed", seq };
  const taken = rows.find(isTaken);
  return taken === undefined
    ? { _tag: "Busy" }
    : { _tag: "Claimed", claimed: toClaimed(taken) };
}

/**
 * One row: whether the source is still what `source` says, of which each change moves
 * `updated_at`, and how many wait for a call of it.
 */
function isAsKnown(sql: Sql, { id, epoch, updatedAt }: Source) {
  return sql`
    select exists (
      select 1 from sources
      where id = ${id} and epoch = ${epoch} and updated_at = ${updatedAt}
    ) as as_known, ${callsAwaited(sql, id)}::integer as awaited`;
}

/** What the exchange needs to know, read with the claim; one row where nothing was claimed. */
function describeClaimed(sql: Sql) {
  return sql`
    select k.as_known, k.awaited, (select seq from change_head) as seq,
      c.id, c.source_id, c.space, c.key, c.priority, c.place,
      coalesce(e.response_at > c.newer_than, false) as needless, e.status, e.etag, e.headers
    from known k left join claimed c on true
      left join entries e on e.key_hash = c.key_hash and e.variant = ''`;
}

type Row = ClaimedRow | NothingClaimed;

interface NothingClaimed {
  readonly as_known: boolean;
  readonly awaited: number;
  readonly seq: number;
  readonly id: null;
}

interface ClaimedRow {
  readonly as_known: true;
  readonly awaited: number;
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

const isTaken = (row: Row): row is ClaimedRow => row.id !== null;

/** `undefined` where the source is as the claimer knows it. */
const changedBy = ([first]: readonly Row[]): number | undefined =>
  first === undefined || first.as_known ? undefined : first.seq;

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
