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
export async function enqueueAll(
  sql: Sql,
  newId: () => string,
  source: Source,
  wanted: readonly Wanted[],
  options: EnqueueOptions,
): Promise<readonly Enqueued[] | undefined> {
  const { asked, queued, surplus } = await insertTasks(
    sql,
    newId,
    source,
    wanted,
    options,
  );
  if (surplus.length > 0) return undefined;
  await tell(sql, asked, queued, options);
  return asked.map(toEnqueued);
}

/** As `enqueueAll`, but takes those out again that are too many: `undefined` for each. */
export async function enqueueFitting(
  sql: Sql,
  newId: () => string,
  source: Source,
  wanted: readonly Wanted[],
  options: EnqueueOptions,
): Promise<readonly (Enqueued | undefined)[]> {
  const { asked, queued, surplus } = await insertTasks(
    sql,
    newId,
    source,
    wanted,
    options,
  );
  if (surplus.length > 0) {
    await sql`delete from tasks where id = any(${surplus.map(({ id }) => id)})`;
  }
  const tooMany = new Set(surplus);
  const kept = asked.filter((one) => !tooMany.has(one));
  await tell(sql, kept, queued - surplus.length, options);
  return asked.map((one) => (tooMany.has(one) ? undefined : toEnqueued(one)));
}

/** `queued`: how many wait then. `surplus`: the last of those that were made, if too many do. */
async function insertTasks(
  sql: Sql,
  newId: () => string,
  source: Source,
  wanted: readonly Wanted[],
  { priority, told }: EnqueueOptions,
) {
  await sql`select pg_advisory_xact_lock(${QUEUE_LOCK}, hashtext(${source.id}))`;
  const hashed = wanted.map((one) => ({ ...one, id: newId(), hash: hexHash(one) }));
  const rows = await sql<Row[]>`
    insert into tasks (
      id, source_id, space, key, key_hash, priority, state, told, newer_than, queued_at
    )
    select a.id, ${source.id}, ${spaceOf(source)}, a.key, decode(a.hash, 'hex'),
      ${priority}, 'queued', ${told}, a.newer_than, uc_now()
    from unnest(
      ${hashed.map(({ id }) => id)}::text[], ${hashed.map(({ key }) => key)}::text[],
      ${hashed.map(({ hash }) => hash)}::text[],
      ${hashed.map(({ newerThan }) => newerThan ?? null)}::bigint[]
    ) with ordinality as a (id, key, hash, newer_than, n)
    order by a.n
    on conflict (key_hash) where state in ('queued', 'running') do update set
      priority = least(tasks.priority, excluded.priority),
      told = tasks.told or excluded.told,
      -- NULL, a call in any case, wins over every instant.
      newer_than = case when tasks.newer_than is null or excluded.newer_than is null then null
        else greatest(tasks.newer_than, excluded.newer_than) end
    returning id, encode(key_hash, 'hex') as hash, state, xmax = 0 as made`;

  const byHash = new Map(rows.map((row) => [row.hash, row]));
  const asked = hashed.map(({ hash }) => {
    const row = byHash.get(hash);
    if (row === undefined) throw new Error("Expected a task for each key");
    return row;
  });
  const made = asked.filter((row) => row.made);
  const queued = await countQueued(sql, source, source.maxQueue + wanted.length);
  const fits = made.length - Math.max(0, queued - source.maxQueue);
  return { asked, queued, surplus: made.slice(Math.max(0, fits)) };
}

/** Ends the back-off of what was asked for by name, and wakes who collects. */
async function tell(
  sql: Sql,
  asked: readonly Row[],
  queued: number,
  { priority, explicit = false }: EnqueueOptions,
): Promise<void> {
  if (explicit) await endRests(sql, asked);
  // Whoever already waits for calls of this source needs no waking, unless it is for these alone.
  if (queued <= asked.length || priority === PRIORITY.waiting)
    await sql`select pg_notify('uc_tasks', '')`;
}

const toEnqueued = ({ id, state, made }: Row): Enqueued => ({
  taskId: id,
  state,
  made,
});

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
