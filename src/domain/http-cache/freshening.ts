/**
 * Brings a stored response up to date with what a 304, or the answer to a HEAD, says of it.
 *
 * Source: RFC 9111 §3.2 (updating fields), §4.3.4 (304), §4.3.5 (HEAD).
 *
 * @module
 */
import type { HeaderList } from "../entry/entry.ts";
import type { StoredResponse } from "../gateway/stored-response.ts";
import { fieldLines, firstLine, withoutFields } from "./field-value.ts";
import { lifetimeOf } from "./freshness.ts";
import type { ExchangeTimes, ResponseHead } from "./message.ts";
import { storedHeaders } from "./stored-headers.ts";

/**
 * Stay as they are stored. `Content-Length` by the letter; the others "necessary to ensure
 * integrity of the stored response" (RFC 9111 §3.2): they describe the bytes that we keep, and
 * the tag is the one these came with.
 */
const OF_THE_BYTES = new Set([
  "content-digest",
  "content-encoding",
  "content-length",
  "content-md5",
  "content-range",
  "etag",
]);

/**
 * The stored headers with those of `reply`: "the cache MUST add each header field in the
 * provided response to the stored response, replacing field values that are already present"
 * (RFC 9111 §3.2), but what is not stored (§3.1) and what is about the bytes.
 */
export function updatedHeaders(stored: HeaderList, reply: HeaderList): HeaderList {
  const hasTag = firstLine(stored, "etag") !== undefined;
  const added = reply.filter(([name]) => {
    const lower = name.toLowerCase();
    return !OF_THE_BYTES.has(lower) || (lower === "etag" && !hasTag);
  });
  const replaced = new Set(added.map(([name]) => name.toLowerCase()));
  return [...withoutFields(stored, replaced), ...added];
}

/**
 * `stored` after a 304 that is about it, with the lifetime that its headers, old and new, give
 * it from now on. The caller looks whether it may still be stored (`mayStore` with the status
 * and the new headers) and, where `Vary` has changed, what selects it.
 */
export function freshened(
  stored: StoredResponse,
  reply: HeaderList,
  times: ExchangeTimes & { readonly staleIfErrorMillis: number },
): StoredResponse {
  const came = storedHeaders(reply, times.responseAt);
  const updated = updatedHeaders(stored.headers, came);
  const age = fieldLines(reply, "age").map((value) => ["Age", value] as const);
  const { requestAt, responseAt } = times;
  return {
    ...stored,
    headers: storedHeaders(updated, responseAt),
    lifetime: lifetimeOf({ status: stored.status, headers: [...updated, ...age] }, times),
    requestAt,
    responseAt,
  };
}

/**
 * `stored`, which a GET for the same could have been answered with, after the answer to a
 * HEAD: "If the stored response and HEAD response have matching values for any received
 * validator fields (ETag and Last-Modified) and, if the HEAD response has a Content-Length
 * header field, the value of Content-Length matches that of the stored response, the cache
 * SHOULD update the stored response …; otherwise, the cache SHOULD consider the stored response
 * to be stale" (RFC 9111 §4.3.5). An answer that is no 200 says nothing of it.
 */
export function freshenedByHead(
  stored: StoredResponse,
  { status, headers }: ResponseHead,
  times: ExchangeTimes & { readonly staleIfErrorMillis: number },
): StoredResponse {
  if (status !== 200 || stored.status !== 200) return stored;
  const matches = ["etag", "last-modified"].every((name) => {
    const value = firstLine(headers, name);
    return value === undefined || value === firstLine(stored.headers, name);
  });
  const length = firstLine(headers, "content-length");
  const isAsLong = length === undefined || Number(length) === stored.body.length;
  if (matches && isAsLong) return freshened(stored, headers, times);
  const { storedAt, freshUntil, staleUntil, fallbackUntil } = stored.lifetime;
  return {
    ...stored,
    lifetime: {
      storedAt,
      freshUntil: Math.max(storedAt, Math.min(freshUntil, times.responseAt)),
      staleUntil: Math.max(storedAt, Math.min(staleUntil, times.responseAt)),
      fallbackUntil,
    },
  };
}
