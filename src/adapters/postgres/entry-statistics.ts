/**
 * Numbers about the stored entries.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import {
  EntryStatistics,
  type StoredBody,
} from "../../services/clearing/entry-statistics.ts";
import { Database } from "./database.ts";
import type { Connection } from "./pool.ts";
import { readable } from "./purge-entries.ts";

type Sql = Connection["sql"];

/** 128 MiB of rows are looked at, and of more than that as many at random. */
const MOST_BLOCKS = 16_384;
const MOST_BYTES = 8 * 1024 * 1024;
const MOST_BODIES = 500;

interface StoredRow {
  readonly id: string;
  readonly entries: number;
  readonly bytes: number;
}

export const layer = Layer.effect(
  EntryStatistics,
  Effect.map(Database, (database) =>
    EntryStatistics.of({
      stored: database.run("EntryStatistics.stored", async ({ sql }) => {
        const [size] = await sql<{ blocks: number }[]>`
          select pg_relation_size('entries') / current_setting('block_size')::int as blocks`;
        const share = Math.min(1, MOST_BLOCKS / Math.max(1, size?.blocks ?? 0));
        const rows = await storedBySource(sql, share);
        const stored = rows.map(({ id, entries, bytes }) => {
          const scaled = (number: number) => Math.round(number / share);
          return [id, { entries: scaled(entries), bytes: scaled(bytes) }] as const;
        });
        return { bySource: new Map(stored), isEstimate: share < 1 };
      }),

      bodiesWith: (params, after) =>
        database.run(
          "EntryStatistics.bodiesWith",
          ({ sql }) => sql<StoredBody[]>`
            select id as place, encoding, body from (
              select id, encoding, body,
                sum(octet_length(body)) over (order by id) - octet_length(body) as before
              from entries
              where params @> ${JSON.stringify(params)}::text::jsonb and id > ${after}
                and response is null and ${readable(sql)}
              order by id limit ${MOST_BODIES}
            ) e
            where before < ${MOST_BYTES} order by id`,
        ),
    }),
  ),
);

/** The statement of `stored`; not sent before it is awaited. */
export function storedBySource(sql: Sql, share: number) {
  const part =
    share < 1 ? sql`tablesample system (${String(share * 100)}::text::real)` : sql``;
  // The length of a body is known without reading it.
  return sql<StoredRow[]>`
    select s.id, coalesce(e.entries, 0) as entries, coalesce(e.bytes, 0)::bigint as bytes
    from sources s
    left join (
      select space, count(*) as entries, sum(octet_length(body)) as bytes
      from entries ${part} where fallback_until > (select uc_now()) group by space
    ) e on e.space = 's' || s.epoch
    order by s.id`;
}
