/**
 * Finds many entries at once, with how their refreshing stands.
 *
 * @module
 */
import { type EntryId, hexHash } from "../../domain/entry/entry.ts";
import type { Found } from "../../services/entry/entry-store.ts";
import { type FoundRow, toFound } from "./entry-row.ts";
import type { Connection } from "./pool.ts";

type Row = FoundRow & { readonly together: number | null };

/** In the order of `ids`; `undefined` when the bodies have more than `mostBytes` together. */
export async function findEntries(
  sql: Connection["sql"],
  ids: readonly EntryId[],
  mostBytes: number,
): Promise<readonly Found[] | undefined> {
  const rows = await sql<Row[]>`
    with found as (
      -- The length of a body is known without reading it.
      select k.place, decode(k.hash, 'hex') as hash, e.*,
        sum(octet_length(e.body)) over () as together
      from unnest(${ids.map(hexHash)}::text[]) with ordinality as k (hash, place)
      left join entries e on e.key_hash = decode(k.hash, 'hex') and e.variant = ''
    )
    select e.space, e.key, e.status, e.headers, e.content_type, e.encoding, e.etag, e.params,
      e.stored_at, e.fresh_until, e.stale_until, e.fallback_until, e.request_at, e.response_at,
      e.together, case when e.together <= ${mostBytes} then e.body end as body,
      t.id as task_id, t.state as task_state, t.priority as task_priority,
      t.told as task_told, b.failed_at, b.until, b.error_code, b.error_detail
    from found e
    left join tasks t on t.key_hash = e.hash and t.state in ('queued', 'running')
    left join backoffs b on b.key_hash = e.hash
    order by e.place`;
  if ((rows[0]?.together ?? 0) > mostBytes) return undefined;
  return ids.map((id, index) => toFound(id, rows[index]));
}
