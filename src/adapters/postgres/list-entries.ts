/**
 * A page of a space's entries in the order of their keys.
 *
 * Where the page begins and ends comes from the index alone; only the rows between are
 * looked at, in one go, and no body is read for its length.
 *
 * @module
 */
import { prefixEnd } from "../../domain/source/key-prefix.ts";
import type { KeyRange } from "../../services/entry/entry-store.ts";
import type { Connection } from "./pool.ts";

export interface ListedRow {
  readonly key: string;
  readonly fresh_until: number;
  readonly fallback_until: number;
  readonly bytes: number;
}

/** Not sent before it is awaited, and good as a part of another statement. */
export function pageOfEntries(
  sql: Connection["sql"],
  { space, prefix, after }: KeyRange,
  limit: number,
) {
  const from = after === undefined ? sql`key >= ${prefix}` : sql`key > ${after}`;
  return sql<ListedRow[]>`
    with page as materialized (
      select key from entries
      where space = ${space} and ${from} and key < ${prefixEnd(prefix)}
      order by key limit ${limit}
    )
    select key, fresh_until, fallback_until, octet_length(body) as bytes from entries
    where space = ${space} and key >= (select min(key) from page)
      and key <= (select max(key) from page)
    order by key limit ${limit}`;
}
