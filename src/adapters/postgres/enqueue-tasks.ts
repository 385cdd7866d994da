/**
 * Queues refreshes, and promotes those that are queued already, in one statement.
 *
 * Queueing for one source is serialised by an advisory lock, so that its queue is never
 * longer than it may be and places follow the order of commits.
 *
 * @module
 */
import { hexHash } from "../../domain/entry/entry.ts";
import { PRIORITY, type Priority } from "../../domain/refresh/task.ts";
import { type Source, spaceOf } from "../../domain/source/source.ts";
import type {
  EnqueueOptions,
  Enqueued,
  Wanted,
} from "../../services/refresh/task-queue.ts";
import type { Connection } from "./pool.ts";

type Sql = Connection["sql"];

/** Beside the source's hash in a two-key advisory lock. */
const QUEUE_LOCK = 1;

interface Row {
  readonly id: string;
  readonly hash: string;
  readonly state: "queued" | "running";
  readonly made: boolean;
}

/**
 * Gives the tasks in the order of `wanted`; `undefined` when the queue is too long with them:
 * then the transaction must be rolled back.
 */
export async function enqueueTasks(
  sql: Sql,
  newId: () => string,
  source: Source,
  wanted: readonly Wanted[],
  { priority, told, explicit = false }: EnqueueOptions,
): Promise<readonly Enqueued[] | undefined> {
  await sql`select pg_advisory_xact_lock(${QUEUE_LOCK}, hashtext(${source.id}))`;
  const asked = wanted.map((one) => ({ ...one, id: newId(), hash: hexHash(one) }));
  const rows = await sql<Row[]>`
    insert into tasks (
      id, source_id, space, key, key_hash, priority, state, told, newer_than, queued_at
    )
    select a.id, ${source.id}, ${spaceOf(source)}, a.key, decode(a.hash, 'hex'),
      ${priority}, 'queued', ${told}, a.newer_than, uc_now()
    from unnest(
      ${asked.map(({ id }) => id)}::text[], ${asked.map(({ key }) => key)}::text[],
      ${asked.map(({ hash }) => hash)}::text[],
      ${asked.map(({ newerThan }) => newerThan ?? null)}::bigint[]
    ) with ordinality as a (id, key, hash, newer_than, n)
    order by a.n
    on conflict (key_hash) where state in ('queued', 'running') do update set
      priority = least(tasks.priority, excluded.priority),
      told = tasks.told or excluded.told,
      -- NULL, a call in any case, wins over every instant.
      newer_than = case when tasks.newer_than is null or excluded.newer_than is null then null
        else greatest(tasks.newer_than, excluded.newer_than) end
    returning id, encode(key_hash, 'hex') as hash, state, xmax = 0 as made`;

  const waiting = await countQueued(sql, source, source.maxQueue + 1);
  if (waiting > source.maxQueue && rows.some(({ made }) => made)) return undefined;
  if (explicit) await endRests(sql, asked);
  // Whoever already waits for calls of this source needs no waking, unless it is for these alone.
  if (waiting <= wanted.length || priority === PRIORITY.waiting)
    await sql`select pg_notify('uc_tasks', '')`;

  const byHash = new Map(rows.map((row) => [row.hash, row]));
  return asked.map(({ hash }) => {
    const row = byHash.get(hash);
    if (row === undefined) throw new Error("Expected a task for each key");
    return { taskId: row.id, state: row.state, made: row.made };
  });
}

async function endRests(
  sql: Sql,
  asked: readonly { readonly hash: string }[],
): Promise<void> {
  await sql`
    update backoffs set until = failed_at where key_hash in (
      select decode(hash, 'hex') from unnest(${asked.map(({ hash }) => hash)}::text[]) a (hash)
    )`;
}

/** How many tasks of a source are queued that are not worse than `worst`, counted up to `most`. */
export async function countQueued(
  sql: Sql,
  source: Source,
  most: number,
  worst: Priority = PRIORITY.adaptive,
): Promise<number> {
  const [row] = await sql<{ count: number }[]>`
    select count(*) as count from (
      select 1 from tasks where source_id = ${source.id} and state = 'queued'
        and space = ${spaceOf(source)} and priority <= ${worst} limit ${most}
    ) waiting`;
  return row?.count ?? 0;
}
