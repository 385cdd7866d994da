/**
 * Tasks in PostgreSQL.
 *
 * Queueing for one source is serialised by an advisory lock, so that its queue is never
 * longer than it may be and places follow the order of commits.
 *
 * @module
 */
import { Clock, Effect, Layer } from "effect";
import { randomBytes } from "node:crypto";
import { type EntryId, type HeaderList, keyHash } from "../../domain/entry/entry.ts";
import { restMillis } from "../../domain/refresh/backoff.ts";
import {
  LEASE_MILLIS,
  type Priority,
  type Task,
  taskId,
  type TaskError,
} from "../../domain/refresh/task.ts";
import { spaceOf } from "../../domain/source/source.ts";
import { QueueFull } from "../../services/errors.ts";
import { type Claimed, TaskQueue } from "../../services/refresh/task-queue.ts";
import { Transaction } from "../../services/transaction.ts";
import { Database } from "./database.ts";
import { Notifications } from "./notifications.ts";
import type { Connection } from "./pool.ts";

type Sql = Connection["sql"];

/** Beside the source's hash in a two-key advisory lock. */
const QUEUE_LOCK = 1;
const FULL_QUEUE_RETRY_SECONDS = 30;

export function layer(processId: string) {
  return Layer.effect(
    TaskQueue,
    Effect.gen(function* () {
      const database = yield* Database;
      const { together } = yield* Transaction;
      const notifications = yield* Notifications;
      const clock = yield* Clock.Clock;
      const rings: (() => void)[] = [];
      const ringAll = () => rings.forEach((ring) => ring());
      yield* notifications.listen("uc_tasks", ringAll, ringAll);

      const newId = () => taskId(clock.currentTimeMillisUnsafe(), randomBytes(10));

      return TaskQueue.of({
        enqueue: (source, ids, { priority, told }) =>
          together(
            "TaskQueue.enqueue",
            Effect.gen(function* () {
              const { rows, waiting } = yield* database.run(
                "TaskQueue.enqueue",
                async ({ sql }) => {
                  await sql`select pg_advisory_xact_lock(${QUEUE_LOCK}, hashtext(${source.id}))`;
                  const space = spaceOf(source);
                  const asked = ids.map((id) => ({
                    id: newId(),
                    key: id.key,
                    hash: hex(id),
                  }));
                  const rows = await sql<EnqueuedRow[]>`
                  insert into tasks (id, source_id, space, key, key_hash, priority, state, told, queued_at)
                  select a.id, ${source.id}, ${space}, a.key, decode(a.hash, 'hex'),
                    ${priority}, 'queued', ${told}, uc_now()
                  from unnest(
                    ${asked.map(({ id }) => id)}::text[], ${asked.map(({ key }) => key)}::text[],
                    ${asked.map(({ hash }) => hash)}::text[]
                  ) with ordinality as a (id, key, hash, n)
                  order by a.n
                  on conflict (key_hash) where state in ('queued', 'running') do update set
                    priority = least(tasks.priority, excluded.priority),
                    told = tasks.told or excluded.told
                  returning id, encode(key_hash, 'hex') as hash, state, xmax = 0 as made`;
                  const waiting = await countQueued(sql, source.id, source.maxQueue + 1);
                  // Whoever already waits for calls of this source needs no waking.
                  if (waiting <= ids.length) await sql`select pg_notify('uc_tasks', '')`;
                  const byHash = new Map(rows.map((row) => [row.hash, row]));
                  return { rows: asked.map(({ hash }) => byHash.get(hash)), waiting };
                },
              );
              if (waiting > source.maxQueue && rows.some((row) => row?.made)) {
                const retryAfterSeconds = FULL_QUEUE_RETRY_SECONDS;
                return yield* new QueueFull({ sourceId: source.id, retryAfterSeconds });
              }
              return rows.map((row) => {
                if (row === undefined) throw new Error("Expected a task for each key");
                return { taskId: row.id, state: row.state, made: row.made };
              });
            }),
          ),

        claim: (source, limit) =>
          database.run("TaskQueue.claim", async ({ sql }) => {
            const rows = await sql<ClaimedRow[]>`
              with next as (
                select id from tasks where source_id = ${source.id} and state = 'queued'
                  and space = ${spaceOf(source)}
                order by priority, place limit ${limit} for update skip locked
              ), claimed as (
                update tasks t set state = 'running', started_at = uc_now(),
                  lease_until = uc_now() + ${LEASE_MILLIS}::bigint, leased_by = ${processId}
                from next where t.id = next.id
                returning t.*
              )
              ${describeClaimed(sql)} order by c.priority, c.place`;
            return rows.map(toClaimed);
          }),

        claimKey: (source, id, priority) =>
          database.run("TaskQueue.claimKey", async ({ sql }) => {
            const [row] = await sql<ClaimedRow[]>`
              with claimed as (
                insert into tasks (
                  id, source_id, space, key, key_hash, priority, state, told, queued_at,
                  started_at, lease_until, leased_by
                ) values (
                  ${newId()}, ${source.id}, ${id.space}, ${id.key}, ${keyHash(id)}, ${priority},
                  'running', false, uc_now(),
                  uc_now(), uc_now() + ${LEASE_MILLIS}::bigint, ${processId}
                )
                on conflict (key_hash) where state in ('queued', 'running') do update set
                  state = 'running', started_at = uc_now(),
                  lease_until = excluded.lease_until, leased_by = excluded.leased_by
                where tasks.state = 'queued'
                returning *
              )
              ${describeClaimed(sql)}`;
            return row === undefined ? undefined : toClaimed(row);
          }),

        renewLeases: (taskIds) =>
          database.run("TaskQueue.renewLeases", async ({ sql }) => {
            await sql`
              update tasks set lease_until = uc_now() + ${LEASE_MILLIS}::bigint
              where id = any(${taskIds as string[]}) and state = 'running'
                and leased_by = ${processId}`;
          }),

        end: (claimed, error) =>
          together(
            "TaskQueue.end",
            database.run("TaskQueue.end", async ({ sql }) => {
              const ended = await endTask(sql, claimed.taskId, processId, error);
              if (ended) await noteOutcome(sql, claimed, error);
              return ended;
            }),
          ),

        putBack: (taskIds) =>
          database.run("TaskQueue.putBack", async ({ sql }) => {
            await sql`
              update tasks set state = 'queued', started_at = null, lease_until = null, leased_by = null
              where id = any(${taskIds as string[]}) and state = 'running'
                and leased_by = ${processId}`;
            if (taskIds.length > 0) await sql`select pg_notify('uc_tasks', '')`;
          }),

        reclaim: database.run("TaskQueue.reclaim", async ({ sql }) => {
          const rows = await sql`
            update tasks set state = 'queued', started_at = null, lease_until = null, leased_by = null
            where state = 'running' and lease_until < uc_now()`;
          return rows.count;
        }),

        cancelAll: (sourceId) =>
          database.run("TaskQueue.cancelAll", async ({ sql }) => {
            await sql`
              delete from tasks where source_id = ${sourceId} and state = 'queued' and not told`;
            await sql`
              update tasks set state = 'failed', ended_at = uc_now(), error_code = 'CANCELLED',
                error_detail = 'The source was deleted'
              where source_id = ${sourceId} and state = 'queued'`;
          }),

        sourcesWithWork: database.run("TaskQueue.sourcesWithWork", async ({ sql }) => {
          const rows = await sql<{ id: string }[]>`
            select s.id from sources s where exists (
              select 1 from tasks t where t.source_id = s.id and t.state = 'queued'
            )`;
          return rows.map(({ id }) => id);
        }),

        queuedUpTo: (sourceId, most) =>
          database.run("TaskQueue.queuedUpTo", ({ sql }) =>
            countQueued(sql, sourceId, most),
          ),

        placeOf: (taskId, most) =>
          database.run("TaskQueue.placeOf", async ({ sql }) => {
            const [row] = await sql<{ before: number }[]>`
              select count(*) as before from (
                select 1 from tasks q, tasks me
                where me.id = ${taskId} and q.source_id = me.source_id and q.state = 'queued'
                  and (q.priority, q.place) < (me.priority, me.place)
                limit ${most}
              ) ahead`;
            return row?.before ?? 0;
          }),

        find: (id) =>
          database.run("TaskQueue.find", async ({ sql }) => {
            const [row] = await sql<TaskRow[]>`select * from tasks where id = ${id}`;
            return row === undefined ? undefined : toTask(row);
          }),

        onWork: (ring) => Effect.sync(() => void rings.push(ring)),
      });
    }),
  );
}

const hex = (id: EntryId) => Buffer.from(keyHash(id)).toString("hex");

async function countQueued(sql: Sql, sourceId: string, most: number): Promise<number> {
  const [row] = await sql<{ count: number }[]>`
    select count(*) as count from (
      select 1 from tasks where source_id = ${sourceId} and state = 'queued' limit ${most}
    ) waiting`;
  return row?.count ?? 0;
}

/** What the exchange needs to know, read with the claim. */
function describeClaimed(sql: Sql) {
  return sql`
    select c.id, c.source_id, c.space, c.key, c.priority, c.place, e.status, e.etag, e.headers,
      (select seq from change_head) as seq
    from claimed c left join entries e on e.key_hash = c.key_hash and e.variant = ''`;
}

/** A task nobody was told of is forgotten with its end. */
async function endTask(
  sql: Sql,
  id: string,
  processId: string,
  error: TaskError | undefined,
): Promise<boolean> {
  const mine = sql`id = ${id} and state = 'running' and leased_by = ${processId}`;
  const ended = await sql`
    update tasks set state = ${error === undefined ? "succeeded" : "failed"},
      ended_at = uc_now(), lease_until = null,
      error_code = ${error?.code ?? null}, error_detail = ${error?.detail ?? null}
    where ${mine} and told`;
  if (ended.count === 1) return true;
  const deleted = await sql`delete from tasks where ${mine}`;
  return deleted.count === 1;
}

async function noteOutcome(
  sql: Sql,
  id: EntryId,
  error: TaskError | undefined,
): Promise<void> {
  if (error === undefined) {
    await sql`delete from backoffs where key_hash = ${keyHash(id)}`;
    return;
  }
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

interface EnqueuedRow {
  readonly id: string;
  readonly hash: string;
  readonly state: "queued" | "running";
  readonly made: boolean;
}

interface ClaimedRow {
  readonly id: string;
  readonly source_id: string;
  readonly space: string;
  readonly key: string;
  readonly priority: Priority;
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

interface TaskRow {
  readonly id: string;
  readonly source_id: string;
  readonly space: string;
  readonly key: string;
  readonly priority: Priority;
  readonly state: Task["state"];
  readonly queued_at: number;
  readonly started_at: number | null;
  readonly ended_at: number | null;
  readonly error_code: TaskError["code"] | null;
  readonly error_detail: string | null;
}

function toTask(row: TaskRow): Task {
  return {
    id: row.id,
    sourceId: row.source_id,
    space: row.space,
    key: row.key,
    state: row.state,
    priority: row.priority,
    queuedAt: row.queued_at,
    startedAt: row.started_at ?? undefined,
    endedAt: row.ended_at ?? undefined,
    error:
      row.error_code === null
        ? undefined
        : { code: row.error_code, detail: row.error_detail ?? "" },
  };
}
