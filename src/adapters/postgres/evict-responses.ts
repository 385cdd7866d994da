/**
 * Keeps the gateway's responses of one scope within their capacity.
 *
 * Counting ten million rows takes seconds, so how many there are is remembered in a row of
 * `counters`, to which every process adds what it stored. Nobody takes off what was purged or
 * swept: the number is at most too high, and is put right by counting before anything is
 * evicted by it.
 *
 * No index knows when an entry was used. Of up to `MOST_SORTED` all are looked at; of more a
 * part of the table's pages, several times what has to go.
 *
 * @module
 */
import type { EntryId } from "../../domain/entry/entry.ts";
import { prefixEnd } from "../../domain/source/key-prefix.ts";
import type { Scope } from "../../services/gateway/response-store.ts";
import type { Connection } from "./pool.ts";
import { countersOf, SWEEP_LOCK } from "./sweeping.ts";

type Sql = Connection["sql"];

/** Counted by one statement, in a fraction of a second. */
const COUNTED_AT_ONCE = 1_000_000;
/** Evicted by one statement. */
const EVICTED_AT_ONCE = 10_000;
const MOST_SORTED = 50_000;
/** So many are looked at for each that goes: what goes is then among the oldest fifth. */
const LOOKED_AT = 5;

/** The row of `counters` that remembers how many entries a scope has at most. */
export const counterOf = ({ space, scope }: Scope): string => countersOf(space) + scope;

/** Adds to what is remembered; `undefined` where nothing is. */
export async function addToCounts(
  sql: Sql,
  added: readonly (Scope & { readonly count: number })[],
): Promise<readonly (number | undefined)[]> {
  const names = added.map(counterOf);
  const counts = added.map(({ count }) => count);
  // Every process locks the rows in this order, so that none waits for another in a circle.
  const rows = await sql<{ name: string; value: number }[]>`
    with known as (
      select c.name, a.count
      from unnest(${names}::text[], ${counts}::bigint[]) as a (name, count)
      join counters c on c.name = a.name
      order by c.name for update of c
    )
    update counters c set value = c.value + k.count from known k where c.name = k.name
    returning c.name, c.value`;
  const values = new Map(rows.map(({ name, value }) => [name, value]));
  return names.map((name) => values.get(name));
}

/** How many there are, by the index alone. Not one statement: others may add meanwhile. */
export async function countScope(sql: Sql, of: Scope): Promise<number> {
  let [counted, after] = [0, of.scope];
  for (;;) {
    const [page] = await countPage(sql, of, after);
    counted += page?.counted ?? 0;
    if (page?.last == null || page.counted < COUNTED_AT_ONCE) return counted;
    after = page.last;
  }
}

/** Not sent before it is awaited. A key at the seam of two pages may be missed in part. */
export function countPage(sql: Sql, { space, scope }: Scope, after: string) {
  return sql<{ counted: number; last: string | null }[]>`
    select count(*) as counted, max(key) as last from (
      select key from entries
      where space = ${space} and key > ${after} and key < ${prefixEnd(scope)}
      order by key limit ${COUNTED_AT_ONCE}
    ) page`;
}

export async function remembered(sql: Sql, of: Scope): Promise<number | undefined> {
  const [row] = await sql<{ value: number }[]>`
    select value from counters where name = ${counterOf(of)}`;
  return row?.value;
}

/**
 * Remembers `counted`, and what was added since `before` was remembered; `undefined`: nothing
 * was.
 */
export async function correctCount(
  sql: Sql,
  of: Scope,
  counted: number,
  before: number | undefined,
): Promise<void> {
  // Somebody who counted at the same time may have put it right already.
  await sql`
    insert into counters as c (name, value) values (${counterOf(of)}, ${counted})
    on conflict (name) do update
      set value = c.value - ${before ?? null}::bigint + excluded.value
      where c.value >= ${before ?? null}::bigint`;
}

/**
 * Evicts of `counted` those beyond `target`, a bounded part of them, unless another process
 * has. In one transaction.
 */
export async function evictPart(
  sql: Sql,
  of: Scope,
  counted: number,
  target: number,
): Promise<readonly EntryId[]> {
  // The sweeper and purges delete several at once too, in another order.
  await sql`select pg_advisory_xact_lock(${SWEEP_LOCK})`;
  const left = (await remembered(sql, of)) ?? counted;
  const most = Math.min(EVICTED_AT_ONCE, counted - target, left - target);
  if (most <= 0) return [];
  const rows = await eviction(sql, of, counted, most);
  await sql`
    update counters set value = value - ${rows.length}::bigint where name = ${counterOf(of)}`;
  return rows.map(({ key }) => ({ space: of.space, key }));
}

/** The statement of `evictPart`; not sent before it is awaited. */
export function eviction(sql: Sql, of: Scope, counted: number, most: number) {
  // What somebody writes at the moment is in use, and nobody is waited for.
  return sql<{ key: string }[]>`
    delete from entries where id = any(array(
      select id from entries where id = any(array(${oldest(sql, of, counted, most)}))
      for update skip locked
    )) returning key`;
}

function oldest(sql: Sql, { space, scope }: Scope, counted: number, most: number) {
  const share = (100 * LOOKED_AT * most) / counted;
  const part =
    counted > MOST_SORTED && share < 100
      ? sql`tablesample system (${String(share)}::text::real)`
      : sql``;
  return sql`
    select id from entries ${part}
    where space = ${space} and key > ${scope} and key < ${prefixEnd(scope)}
    order by used_at limit ${most}`;
}
