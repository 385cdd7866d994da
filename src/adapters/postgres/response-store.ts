/**
 * The gateway's responses in PostgreSQL, among the entries.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import { type EntryId, hexHash, keyHash } from "../../domain/entry/entry.ts";
import { ResponseStore, type Stored } from "../../services/gateway/response-store.ts";
import { Transaction } from "../../services/transaction.ts";
import { Database } from "./database.ts";
import {
  addToCounts,
  correctCount,
  countScope,
  evictPart,
  remembered,
} from "./evict-responses.ts";
import type { Connection } from "./pool.ts";
import { type ResponseRow, toResponse, upsertResponse } from "./response-row.ts";
import { unlessPurged } from "./unless-purged.ts";

/** Of one key. */
const MOST_VARIANTS = 64;
const MOST_BYTES = 16 * 1024 * 1024;

type Sql = Connection["sql"];

export const layer = Layer.effect(
  ResponseStore,
  Effect.gen(function* () {
    const database = yield* Database;
    const transaction = yield* Transaction;
    const write = unlessPurged(database, transaction);

    return ResponseStore.of({
      find: (id) =>
        database.run("ResponseStore.find", async ({ sql }) => {
          const rows = await sql<ResponseRow[]>`
            select * from entries where id in (${latest(sql, id)})
            order by response_at desc, id desc`;
          return rows.map((row) => toResponse(id, row));
        }),

      save: (response, sinceSeq) =>
        write(
          "ResponseStore.save",
          response,
          sinceSeq,
          () => Promise.resolve(response.params),
          async (sql): Promise<Stored> => {
            const [row] = await upsertResponse(sql, response);
            if (row === undefined) return "Outdated";
            if (row.added && response.variant !== "") {
              await sql`
                delete from entries where id = any(array(
                  select id from entries
                  where key_hash = ${keyHash(response)} and id not in (${latest(sql, response)})
                  for update skip locked
                ))`;
            }
            return row.added ? "Added" : "Replaced";
          },
        ),

      noteUses: (uses) =>
        database.run("ResponseStore.noteUses", async ({ sql }) => {
          const hashes = uses.map(({ id }) => hexHash(id));
          const instants = uses.map(({ at }) => at);
          // What somebody writes at the moment is in use anyway.
          await sql`
            update entries e set used_at = u.at from (
              select e.id, u.at
              from unnest(${hashes}::text[], ${instants}::bigint[]) as u (hash, at)
              join entries e on e.key_hash = decode(u.hash, 'hex') and e.used_at < u.at
              for no key update of e skip locked
            ) u where e.id = u.id`;
        }),

      countAdded: (added) =>
        database.run("ResponseStore.countAdded", ({ sql }) => addToCounts(sql, added)),

      evict: Effect.fnUntraced(function* (of, { capacity, target }) {
        const operation = "ResponseStore.evict";
        const counted = yield* database.run(operation, async ({ sql }) => {
          const before = await remembered(sql, of);
          const counted = await countScope(sql, of);
          await correctCount(sql, of, counted, before);
          return counted;
        });
        const evicted: EntryId[] = [];
        if (counted <= capacity) return evicted;
        for (;;) {
          const left = counted - evicted.length;
          const part = yield* transaction.together(
            operation,
            database.run(operation, ({ sql }) => evictPart(sql, of, left, target)),
          );
          if (part.length === 0) return evicted;
          evicted.push(...part);
        }
      }),
    });
  }),
);

/** Ids of the variants that are kept of a key. */
function latest(sql: Sql, id: EntryId) {
  // The length of a body is known without reading it.
  return sql`
    select id from (
      select id, row_number() over latest as place,
        sum(octet_length(body)) over latest - octet_length(body) as before
      from entries where key_hash = ${keyHash(id)}
      window latest as (order by response_at desc, id desc)
    ) ranked
    where place <= ${MOST_VARIANTS} and (place = 1 or before <= ${MOST_BYTES})`;
}
