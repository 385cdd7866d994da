/**
 * An entry as a row, and back.
 *
 * @module
 */
import { type Entry, type EntryId, keyHash } from "../../domain/entry/entry.ts";
import type { RefreshStanding } from "../../domain/refresh/refresh-standing.ts";
import type { Priority, TaskError } from "../../domain/refresh/task.ts";
import type { Found } from "../../services/entry/entry-store.ts";
import type { Connection } from "./pool.ts";

/** Stores `entry` unless what is there was asked for later. */
export function upsertEntry(sql: Connection["sql"], entry: Entry) {
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

export interface StandingRow {
  readonly task_id: string | null;
  readonly task_state: "queued" | "running" | null;
  readonly task_priority: Priority | null;
  readonly task_told: boolean | null;
  readonly failed_at: number | null;
  readonly until: number | null;
  readonly error_code: TaskError["code"] | null;
  readonly error_detail: string | null;
}

export interface FoundRow extends StandingRow {
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

export function toFound(id: EntryId, row: FoundRow | undefined): Found {
  if (row === undefined) throw new Error("Expected one row for each key asked about");
  return { entry: toEntry(id, row), standing: toStanding(row) };
}

export function toStanding(row: StandingRow): RefreshStanding {
  const { task_id, task_state, task_priority, task_told } = row;
  const { failed_at, until, error_code, error_detail } = row;
  return {
    task:
      task_id === null || task_state === null || task_priority === null
        ? undefined
        : {
            id: task_id,
            state: task_state,
            priority: task_priority,
            told: task_told === true,
          },
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
