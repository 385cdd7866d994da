/**
 * An entry on the wire.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { isNegative, type Source } from "../../../domain/source/source.ts";
import { refreshStateOf } from "../../../domain/entry/refresh-state.ts";
import { lastModifiedAt } from "../../../domain/refresh/upstream-exchange.ts";
import type { Held } from "../../../services/entry/entry-memory.ts";
import { toInstant, toInstantOrNull } from "../../wire.ts";

export const MetaSchema = z
  .object({
    source_id: z.string().openapi({ example: "weather" }),
    key: z.string().openapi({ example: "/weather/Shanghai" }),
    params: z.record(z.string(), z.string()).openapi({ example: { city: "Shanghai" } }),
    cached_at: z.iso.datetime(),
    expires_at: z.iso
      .datetime()
      .openapi({ description: "Until then the entry is fresh" }),
    last_fetch_at: z.iso
      .datetime()
      .openapi({ description: "Start of the last upstream call" }),
    stale: z.boolean(),
    ttl_s: z.number().openapi({ example: 600 }),
    etag: z.string().openapi({ example: 'W/"n4bQgYhMfWWaL-qgxVrQFa"' }),
    origin_status: z.int().openapi({ example: 200 }),
    last_modified: z.iso.datetime().nullable(),
    content_type: z.string().nullable().openapi({ example: "application/json" }),
    data_encoding: z.enum(["json", "text", "base64"]),
    refresh_state: z.enum(["idle", "queued", "running", "failed", "ok"]),
  })
  .openapi("Meta");

export const EntrySchema = z
  .object({
    // Anything but absent, or the document would not promise that it is there.
    data: z
      .any()
      .refine((data) => data !== undefined)
      .openapi({
        description: "The upstream's JSON, byte for byte; else text or base64",
        example: { temp: 29.3, unit: "C" },
      }),
    meta: MetaSchema,
  })
  .openapi("Entry");

/** Metadata of what is served at `now`. */
export function toMeta(
  source: Source,
  held: Held,
  now: number,
): z.infer<typeof MetaSchema> {
  const { entry, standing } = held;
  const { storedAt, freshUntil } = entry.lifetime;
  return {
    source_id: source.id,
    key: entry.key,
    params: { ...entry.params },
    cached_at: toInstant(storedAt),
    expires_at: toInstant(freshUntil),
    last_fetch_at: toInstant(entry.requestAt),
    stale: now >= freshUntil,
    ttl_s: (freshUntil - storedAt) / 1000,
    etag: entry.etag,
    origin_status: entry.status,
    last_modified: toInstantOrNull(
      isNegative(entry.status) ? undefined : lastModifiedAt(entry.headers, now),
    ),
    content_type: entry.contentType ?? null,
    data_encoding: entry.encoding,
    refresh_state: refreshStateOf(
      standing.task?.state,
      entry.responseAt,
      standing.failure?.failedAt,
      now,
    ),
  };
}

const encoder = new TextEncoder();
const opening = encoder.encode('{"data":');

/** `{"data":…,"meta":…}` with the data as it is stored. */
export function entryBytes(
  data: Uint8Array,
  meta: z.infer<typeof MetaSchema>,
): Uint8Array {
  const rest = encoder.encode(`,"meta":${JSON.stringify(meta)}}`);
  const bytes = new Uint8Array(opening.length + data.length + rest.length);
  bytes.set(opening);
  bytes.set(data, opening.length);
  bytes.set(rest, opening.length + data.length);
  return bytes;
}
