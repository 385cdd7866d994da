/**
 * Entries in PostgreSQL.
 *
 * Savers hold `PURGE_LOCK` shared, a purge holds it alone, each until it has committed.
 * So a saver sees every purge that came before it, and a purge sees every entry that was
 * saved before it: nothing old comes back.
 *
 * @module
 */
import { Effect, Layer } from "effect";
import { type Entry, type EntryId, keyHash } from "../../domain/entry/entry.ts";
import { type PurgeSelection, selects } from "../../domain/entry/purge.ts";
import type { TaskError } from "../../domain/refresh/task.ts";
import { ChangeBus } from "../../services/change-bus.ts";
import {
  EntryStore,
  type Found,
  type RefreshStanding,
  type SaveOutcome,
} from "../../services/entry/entry-store.ts";
import { Transaction } from "../../services/transaction.ts";
import { Database } from "./database.ts";
import type { Connection } from "./pool.ts";

const PURGE_LOCK = 7_205_759_404;

type Sql = Connection["sql"];

export const layer = Layer.effect(
  EntryStore,
  Effect.gen(function* () {
    const database = yield* Database;
    const transaction = yield* Transaction;
    const bus = yield* ChangeBus;

    /** Runs `write` unless a purge after `sinceSeq` covers `id`. */
    const unlessPurged = (
      operation: string,
      id: EntryId,
      sinceSeq: number,
      write: (sql: Sql) => PromiseLike<SaveOutcome>,
    ) =>
      transaction.together(
        operation,
        database.run(operation, async ({ sql }): Promise<SaveOutcome> => {
          await sql`select pg_advisory_xact_lock_shared(${PURGE_LOCK})`;
          const purges = await sql<{ change: { selection: PurgeSelection } }[]>`
            select change from changes where seq > ${sinceSeq} and kind = 'Purged'`;
          const purged = purges.some(({ change }) => selects(change.selection, id));
          return purged ? "Outdated" : write(sql);
        }),
      );

    const logPurge = (selection: PurgeSelection) =>
      bus.log({ _tag: "Purged", selection });

    return EntryStore.of({
      find: (id) =>
        database.run("EntryStore.find", async ({ sql }) => {
          const [row] = await sql<FoundRow[]>`
            select e.*, t.task_id, t.task_state, b.failed_at, b.until, b.error_code, b.error_detail
            from (select ${keyHash(id)}::bytea as hash) k
            left join entries e on e.key_hash = k.hash and e.variant = ''
            left join lateral (
              select id as task_id, state as task_state from tasks
              where key_hash = k.hash and state in ('queued', 'running')
            ) t on true
            left join backoffs b on b.key_hash = k.hash`;
          return toFound(id, row);
        }),

      standings: (ids) =>
        database.run("EntryStore.standings", async ({ sql }) => {
          const rows = await sql<StandingRow[]>`
            select t.id as task_id, t.state as task_state,
              b.failed_at, b.until, b.error_code, b.error_detail
            from unnest(${ids.map((id) => hex(id))}::text[]) with ordinality as k (hash, place)
            left join tasks t on t.key_hash = decode(k.hash, 'hex')
              and t.state in ('queued', 'running')
            left join backoffs b on b.key_hash = decode(k.hash, 'hex')
            order by k.place`;
          return rows.map(toStanding);
        }),

      save: (entry, sinceSeq) =>
        unlessPurged("EntryStore.save", entry, sinceSeq, async (sql) => {
          await upsert(sql, entry);
          return "Saved";
        }),

      renew: (renewal, sinceSeq) =>
        unlessPurged("EntryStore.renew", renewal, sinceSeq, async (sql) => {
          const { lifetime } = renewal;
          const renewed = await sql`
            update entries set
              headers = ${JSON.stringify(renewal.headers)}::text::jsonb,
              stored_at = ${lifetime.storedAt}, fresh_until = ${lifetime.freshUntil},
              stale_until = ${lifetime.staleUntil}, fallback_until = ${lifetime.fallbackUntil},
              request_at = ${renewal.requestAt}, response_at = ${renewal.responseAt}
            where key_hash = ${keyHash(renewal)} and variant = '' and etag = ${renewal.etag}`;
          return renewed.count === 1 ? "Saved" : "Outdated";
        }),

      purge: (selection) =>
        transaction.together(
          "EntryStore.purge",
          Effect.gen(function* () {
            const removed = yield* database.run("EntryStore.purge", async ({ sql }) => {
              await sql`select pg_advisory_xact_lock(${PURGE_LOCK})`;
              return (await remove(sql, selection)).count;
            });
            return { removed, seq: yield* logPurge(selection) };
          }),
        ),

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
            where e.space = ${space} and e.key = r.key collate "C"`;
        }),
    });
  }),
);

const hex = (id: EntryId) => Buffer.from(keyHash(id)).toString("hex");

function remove(sql: Sql, selection: PurgeSelection) {
  switch (selection._tag) {
    case "Space":
      return sql`delete from entries where space = ${selection.space}`;
    case "Key":
      return sql`delete from entries where key_hash = ${keyHash(selection)}`;
  }
}

function upsert(sql: Sql, entry: Entry) {
  const { lifetime } = entry;
  return sql`
    insert into entries (
      space, key, key_hash, status, headers, content_type, encoding, body, etag, params,
      stored_at, fresh_until, stale_until, fallback_until, request_at, response_at
    ) values (
      ${entry.space}, ${entry.key}, ${keyHash(entry)}, ${entry.status},
      ${JSON.stringify(entry.headers)}::text::jsonb, ${entry.contentType ?? null},
      ${entry.encoding}, ${entry.body}, ${entry.etag}, ${JSON.stringify(entry.params)}::text::jsonb,
      ${lifetime.storedAt}, ${lifetime.freshUntil}, ${lifetime.staleUntil},
      ${lifetime.fallbackUntil}, ${entry.requestAt}, ${entry.responseAt}
    )
    on conflict (key_hash, variant) do update set
      status = excluded.status, headers = excluded.headers,
      content_type = excluded.content_type, encoding = excluded.encoding,
      body = excluded.body, etag = excluded.etag, params = excluded.params,
      stored_at = excluded.stored_at, fresh_until = excluded.fresh_until,
      stale_until = excluded.stale_until, fallback_until = excluded.fallback_until,
      request_at = excluded.request_at, response_at = excluded.response_at
    where entries.request_at <= excluded.request_at`;
}

interface StandingRow {
  readonly task_id: string | null;
  readonly task_state: "queued" | "running" | null;
  readonly failed_at: number | null;
  readonly until: number | null;
  readonly error_code: TaskError["code"] | null;
  readonly error_detail: string | null;
}

interface FoundRow extends StandingRow {
  readonly space: string | null;
  readonly key: string;
  readonly status: number;
  readonly headers: Entry["headers"];
  readonly content_type: string | null;
  readonly encoding: Entry["encoding"];
  readonly body: Uint8Array;
  readonly etag: string;
  readonly params: Entry["params"];
  readonly stored_at: number;
  readonly fresh_until: number;
  readonly stale_until: number;
  readonly fallback_until: number;
  readonly request_at: number;
  readonly response_at: number;
}

function toFound(id: EntryId, row: FoundRow | undefined): Found {
  if (row === undefined) throw new Error("Expected one row for each key asked about");
  return { entry: toEntry(id, row), standing: toStanding(row) };
}

function toStanding(row: StandingRow): RefreshStanding {
  const { task_id, task_state, failed_at, until, error_code, error_detail } = row;
  return {
    task:
      task_id === null || task_state === null
        ? undefined
        : { id: task_id, state: task_state },
    failure:
      failed_at === null || until === null || error_code === null
        ? undefined
        : {
            error: { code: error_code, detail: error_detail ?? "" },
            failedAt: failed_at,
            until,
          },
  };
}

function toEntry(id: EntryId, row: FoundRow): Entry | undefined {
  if (row.space === null) return undefined;
  return {
    ...id,
    status: row.status,
    headers: row.headers,
    contentType: row.content_type ?? undefined,
    encoding: row.encoding,
    body: row.body,
    etag: row.etag,
    params: row.params,
    lifetime: {
      storedAt: row.stored_at,
      freshUntil: row.fresh_until,
      staleUntil: row.stale_until,
      fallbackUntil: row.fallback_until,
    },
    requestAt: row.request_at,
    responseAt: row.response_at,
  };
}
