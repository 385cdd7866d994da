/**
 * A purge as one statement.
 *
 * To be run while no exchange saves. It takes a bounded part of what is selected, so that
 * a purge of very much holds nobody up for long; `more` says that it has to be run again.
 *
 * @module
 */
import { keyHash } from "../../domain/entry/entry.ts";
import type { Matching, PurgeSelection } from "../../domain/entry/purge.ts";
import { prefixEnd } from "../../domain/source/key-prefix.ts";
import type { Connection } from "./pool.ts";
import { paramNamed } from "./response-row.ts";

type Sql = Connection["sql"];

/** Deleting as many takes a fraction of a second. */
const MOST_AT_ONCE = 20_000;

export interface PurgedPart {
  /** Of those that could be read. */
  readonly purged: number;
  readonly more: boolean;
}

/** `selection` with the spaces that are caseless, or of which the store can't tell. */
export async function withCaseless(
  sql: Sql,
  selection: PurgeSelection,
): Promise<PurgeSelection> {
  if (selection._tag !== "Matching" || selection.params?.lowered === undefined) {
    return selection;
  }
  const rows = await sql<{ space: string }[]>`
    select 's' || epoch as space from sources where key_case = 'lower'
    union all select 's' || epoch from retained_spaces
      where key_case is distinct from 'preserve'`;
  const caseless = rows.map(({ space }) => space);
  return { ...selection, params: { ...selection.params, caseless } };
}

/** Deletes what `selection` covers. */
export async function removeEntries(
  sql: Sql,
  selection: PurgeSelection,
): Promise<PurgedPart> {
  const [row] = await removal(sql, selection);
  const { purged = 0, removed = 0 } = row ?? {};
  return { purged, more: removed === MOST_AT_ONCE };
}

/** The statement of `removeEntries`; not sent before it is awaited. */
export function removal(sql: Sql, selection: PurgeSelection) {
  return sql<{ purged: number; removed: number }[]>`
    with removed as (
      delete from entries where id = any(array(
        select id from entries where ${covered(sql, selection)} limit ${MOST_AT_ONCE}
      )) returning space, fallback_until
    )
    select count(*) as removed, count(*) filter (where ${readable(sql)}) as purged
    from removed`;
}

/** Leaves what `selection` covers as a fallback and no more. */
export async function outdateEntries(
  sql: Sql,
  selection: PurgeSelection,
): Promise<PurgedPart> {
  // One that is a fallback already is left out where several are asked for: a part that
  // is done must not be chosen again.
  const begun = selection._tag === "Key" ? sql`` : sql`and stale_until > uc_now()`;
  const [row] = await sql<{ purged: number; outdated: number }[]>`
    with outdated as (
      update entries set fresh_until = least(fresh_until, uc_now()),
        stale_until = least(stale_until, uc_now())
      where id = any(array(
        select id from entries
        where ${covered(sql, selection)} and fallback_until > uc_now() ${begun}
        limit ${MOST_AT_ONCE}
      )) returning space, fallback_until
    )
    select count(*) as outdated, count(*) filter (where ${readable(sql)}) as purged
    from outdated`;
  const { purged = 0, outdated = 0 } = row ?? {};
  return { purged, more: outdated === MOST_AT_ONCE };
}

/** Whether somebody can read an entry: not after its end, nor in a space without a source. */
export const readable = (sql: Sql) => sql`
  fallback_until > uc_now()
    and space not in (select space from abandoned_spaces)
    and space not in (select 's' || epoch from retained_spaces)`;

/** The same entries as `selects` in `domain/entry/purge.ts`. */
export function covered(sql: Sql, selection: PurgeSelection) {
  switch (selection._tag) {
    case "Space":
      return sql`space = ${selection.space}`;
    case "Key":
      return sql`key_hash = ${keyHash(selection)}`;
    case "Matching":
      return matching(sql, selection);
  }
}

function matching(sql: Sql, { spaces, key, prefix, params, paramNamed }: Matching) {
  const any = sql``;
  const inSpaces =
    spaces === undefined ? any : sql`and space = any(${spaces as string[]})`;
  const isKey = key === undefined ? any : sql`and key = ${key}`;
  const begins =
    prefix === undefined || prefix === ""
      ? any
      : sql`and key >= ${prefix} and key < ${prefixEnd(prefix)}`;
  const has = params === undefined ? any : sql`and ${withParams(sql, params)}`;
  const isNamed =
    paramNamed === undefined ? any : sql`and ${withParamNamed(sql, paramNamed)}`;
  return sql`true ${inSpaces} ${isKey} ${begins} ${has} ${isNamed}`;
}

function withParams(
  sql: Sql,
  { values, lowered, caseless }: NonNullable<Matching["params"]>,
) {
  const asTheyAre = sql`params @> ${JSON.stringify(values)}::text::jsonb`;
  if (lowered === undefined || caseless.length === 0) return asTheyAre;
  return sql`(${asTheyAre} or (space = any(${caseless as string[]})
    and params @> ${JSON.stringify(lowered)}::text::jsonb))`;
}

/**
 * Found by the spaces whose keys can have such a param, for no index knows the names of
 * params; responses of the gateway by the names that stand among theirs.
 */
const withParamNamed = (sql: Sql, name: string) => sql`
  id in (
    select found.id from (
      select 's' || epoch as space from sources
      where strpos(key_template, ${`{{${name}`}) > 0
      union all select 's' || epoch from retained_spaces
    ) known cross join lateral (
      -- Space for space: the rest of the table, which may be large, is not looked at.
      select id from entries e where e.space = known.space and e.params ? ${name} offset 0
    ) found
    union all select id from entries where params @> ${paramNamed(name)}::text::jsonb
  )`;
