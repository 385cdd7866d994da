/**
 * Entries in PostgreSQL.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import { type Entry, type EntryId, hexHash, keyHash } from "../../domain/entry/entry.ts";
import type { PurgeSelection } from "../../domain/entry/purge.ts";
import { ChangeBus } from "../../services/change-bus.ts";
import { EntryStore, type SaveOutcome } from "../../services/entry/entry-store.ts";
import { Transaction } from "../../services/transaction.ts";
import { Database } from "./database.ts";
import {
  type FoundRow,
  type StandingRow,
  toFound,
  toStanding,
  upsertEntry,
} from "./entry-row.ts";
import { findEntries } from "./find-entries.ts";
import { pageOfEntries } from "./list-entries.ts";
import type { Connection } from "./pool.ts";
import { outdateEntries, removeEntries, withCaseless } from "./purge-entries.ts";
import { SWEEP_LOCK } from "./sweeping.ts";
import { PURGE_LOCK, unlessPurged } from "./unless-purged.ts";

type Sql = Connection["sql"];

export const layer = Layer.effect(
  EntryStore,
  Effect.gen(function* () {
    const database = yield* Database;
    const transaction = yield* Transaction;
    const bus = yield* ChangeBus;

    const write = unlessPurged(database, transaction);

    const logPurge = (selection: PurgeSelection) =>
      bus.log({ _tag: "Purged", selection });

    return EntryStore.of({
      find: (id) =>
        database.run("EntryStore.find", async ({ sql }) => {
          const [row] = await sql<FoundRow[]>`
            select e.*, t.*, b.failed_at, b.until, b.error_code, b.error_detail
            from (select ${keyHash(id)}::bytea as hash) k
            left join entries e on e.key_hash = k.hash and e.variant = ''
            left join lateral (
              select id as task_id, state as task_state, priority as task_priority,
                told as task_told from tasks
              where key_hash = k.hash and state in ('queued', 'running')
            ) t on true
            left join backoffs b on b.key_hash = k.hash`;
          return toFound(id, row);
        }),

      findMany: (ids, mostBytes) =>
        database.run("EntryStore.findMany", ({ sql }) =>
          findEntries(sql, ids, mostBytes),
        ),

      list: (range, limit) =>
        database.run("EntryStore.list", async ({ sql }) => {
          const rows = await pageOfEntries(sql, range, limit);
          return rows.map(({ key, fresh_until, fallback_until, bytes }) => ({
            key,
            freshUntil: fresh_until,
            fallbackUntil: fallback_until,
            bytes,
          }));
        }),

      standings: (ids) =>
        database.run("EntryStore.standings", async ({ sql }) => {
          const rows = await sql<StandingRow[]>`
            select t.id as task_id, t.state as task_state, t.priority as task_priority,
              t.told as task_told,
              b.failed_at, b.until, b.error_code, b.error_detail
            from unnest(${ids.map(hexHash)}::text[]) with ordinality as k (hash, place)
            left join tasks t on t.key_hash = decode(k.hash, 'hex')
              and t.state in ('queued', 'running')
            left join backoffs b on b.key_hash = decode(k.hash, 'hex')
            order by k.place`;
          return rows.map(toStanding);
        }),

      save: (entry, sinceSeq) =>
        write(
          "EntryStore.save",
          entry,
          sinceSeq,
          () => Promise.resolve(entry.params),
          async (sql): Promise<SaveOutcome> => {
            await upsertEntry(sql, entry);
            return "Saved";
          },
        ),

      renew: (renewal, sinceSeq) =>
        write(
          "EntryStore.renew",
          renewal,
          sinceSeq,
          (sql) => paramsStored(sql, renewal),
          async (sql): Promise<SaveOutcome> => {
            const { lifetime } = renewal;
            const renewed = await sql`
            update entries set
              headers = ${JSON.stringify(renewal.headers)}::text::jsonb,
              stored_at = ${lifetime.storedAt}, fresh_until = ${lifetime.freshUntil},
              stale_until = ${lifetime.staleUntil}, fallback_until = ${lifetime.fallbackUntil},
              request_at = ${renewal.requestAt}, response_at = ${renewal.responseAt}
            where key_hash = ${keyHash(renewal)} and variant = '' and etag = ${renewal.etag}
              and request_at <= ${renewal.requestAt}`;
            if (renewed.count === 1) return "Saved";
            // One that was asked for later has said the same, or better.
            const newer = await sql`
            select 1 from entries where key_hash = ${keyHash(renewal)} and variant = ''
              and request_at > ${renewal.requestAt}`;
            return newer.count === 1 ? "Saved" : "Outdated";
          },
        ),

      purge: (wanted, { soft = false } = {}) =>
        transaction.together(
          "EntryStore.purge",
          Effect.gen(function* () {
            const { selection, part } = yield* database.run(
              "EntryStore.purge",
              async ({ sql }) => {
                // The sweeper deletes in another order than a purge of several does.
                if (wanted._tag !== "Key") {
                  await sql`select pg_advisory_xact_lock(${SWEEP_LOCK})`;
                }
                await sql`select pg_advisory_xact_lock(${PURGE_LOCK})`;
                const selection = await withCaseless(sql, wanted);
                const part = soft
                  ? await outdateEntries(sql, selection)
                  : await removeEntries(sql, selection);
                return { selection, part };
              },
            );
            return { ...part, seq: yield* logPurge(selection) };
          }),
        ),

      holdSaves: database.run("EntryStore.holdSaves", async ({ sql }) => {
        await sql`select pg_advisory_xact_lock(${PURGE_LOCK})`;
      }),

      abandon: (space) =>
        transaction.together(
          "EntryStore.abandon",
          Effect.gen(function* () {
            yield* database.run("EntryStore.abandon", async ({ sql }) => {
              await sql`select pg_advisory_xact_lock(${PURGE_LOCK})`;
              await sql`insert into abandoned_spaces (space) values (${space})`;
            });
            return yield* logPurge({ _tag: "Space", space });
          }),
        ),

      keysAfter: (space, after, limit) =>
        database.run("EntryStore.keysAfter", async ({ sql }) => {
          const rows = await sql<{ key: string }[]>`
            select key from entries where space = ${space} and key > ${after}
            order by key limit ${limit}`;
          return rows.map(({ key }) => key);
        }),

      removeKeys: (space, keys) =>
        database.run("EntryStore.removeKeys", async ({ sql }) => {
          await sql`delete from entries where space = ${space} and key = any(${keys as string[]})`;
        }),

      relabel: (space, params) =>
        database.run("EntryStore.relabel", async ({ sql }) => {
          const rows = [...params].map(([key, values]) => ({ key, values }));
          await sql`
            update entries e set params = r.values
            from jsonb_to_recordset(${JSON.stringify(rows)}::text::jsonb) as r (key text, values jsonb)
            where e.space = ${space} and e.key = r.key collate "C"
              and e.params is distinct from r.values`;
        }),
    });
  }),
);

/** None where nothing is stored: then there is nothing to renew either. */
async function paramsStored(sql: Sql, id: EntryId): Promise<Entry["params"]> {
  const [row] = await sql<{ params: Entry["params"] }[]>`
    select params from entries where key_hash = ${keyHash(id)} and variant = ''`;
  return row?.params ?? {};
}
