/**
 * Sources and entries for tests of the store.
 *
 * @module
 */
import type { Entry, EntryId } from "../../../src/domain/entry/entry.ts";
import {
  type Source,
  SOURCE_DEFAULTS,
  spaceOf,
} from "../../../src/domain/source/source.ts";

/** A source that only tests of the store know: no row of `sources` stands for it. */
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
