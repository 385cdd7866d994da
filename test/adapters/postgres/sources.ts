/**
 * Sources and entries for tests of the store.
 *
 * @module
 */
import type postgres from "postgres";
import type { Entry, EntryId } from "../../../src/domain/entry/entry.ts";
import {
  type Source,
  SOURCE_DEFAULTS,
  spaceOf,
} from "../../../src/domain/source/source.ts";

/** A source that only tests of the store know: `insertSource` makes the row that stands for it. */
export function sourceOf(id: string, changes: Partial<Source> = {}): Source {
  return {
    ...SOURCE_DEFAULTS,
    id,
    name: id,
    baseUrl: "http://upstream.test",
    keyTemplate: "/{{path*}}",
    epoch: Number.parseInt(Buffer.from(id).subarray(-5).toString("hex"), 16),
    createdAt: 0,
    updatedAt: 0,
    ...changes,
  };
}

/** Makes the row of `source`, without which nothing of it can be claimed. */
export async function insertSource(
  sql: postgres.ISql<{ bigint: number }>,
  source: Source,
): Promise<void> {
  await sql`
    insert into sources (
      id, epoch, name, base_url, sealed, key_id, rate_limit, ttl_millis,
      stale_if_error_millis, negative_ttl_millis, key_template, key_case,
      timeout_millis, max_body_bytes, not_modified_is_free, max_queue, refresh,
      created_at, updated_at
    ) values (
      ${source.id}, ${source.epoch}, ${source.name}, ${source.baseUrl}, '', '',
      ${JSON.stringify(source.rateLimit)}::text::jsonb, ${source.ttlMillis},
      ${source.staleIfErrorMillis}, ${source.negativeTtlMillis}, ${source.keyTemplate},
      ${source.keyCase}, ${source.timeoutMillis}, ${source.maxBodyBytes},
      ${source.notModifiedIsFree}, ${source.maxQueue}, ${source.refresh},
      ${source.createdAt}, ${source.updatedAt}
    )`;
}

export const idIn = (source: Source, key: string): EntryId => ({
  space: spaceOf(source),
  key,
});

/** Stored at 1,000, asked for at 900; fresh for 10 minutes, stale for 10 more. */
export function entryAt(id: EntryId, changes: Partial<Entry> = {}): Entry {
  return {
    space: id.space,
    key: id.key,
    status: 200,
    headers: [],
    contentType: "application/json",
    encoding: "json",
    body: new TextEncoder().encode('{"n":1}'),
    etag: 'W/"one"',
    params: {},
    lifetime: {
      storedAt: 1_000,
      freshUntil: 601_000,
      staleUntil: 1_201_000,
      fallbackUntil: 87_001_000,
    },
    requestAt: 900,
    responseAt: 1_000,
    ...changes,
  };
}
