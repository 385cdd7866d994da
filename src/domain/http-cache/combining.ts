/**
 * Makes one response of two parts.
 *
 * Source: RFC 9111 §3.4 (combining); RFC 9110 §14.4, §15.3.7.3.
 *
 * @module
 */
import { contentRange, contentRangeText } from "./content-range.ts";
import { entityTag, matchesStrongly } from "./entity-tags.ts";
import { firstLine, withoutFields } from "./field-value.ts";
import { updatedHeaders } from "./freshening.ts";
import type { Held } from "./range-answer.ts";

/**
 * A stored part and one that came now: a whole (200) where nothing is missing, else a longer
 * part (206); `undefined` where they can't be combined.
 *
 * "A cache MAY combine these responses into a single stored response, and reuse that response
 * to satisfy later requests, if they all share the same strong validator and the cache complies
 * with the client requirements in Section 15.3.7.3 of [HTTP]". Its headers are those of the
 * stored one, "updated … with the header fields provided in the new response" (RFC 9111 §3.4).
 * Parts with a gap between them would be two; a length that differs from its `Content-Range`
 * is not believed.
 */
export function combinedParts(stored: Held, came: Held): Held | undefined {
  const [here, there] = [contentRange(stored.headers), contentRange(came.headers)];
  const [ours, theirs] = [stored, came].map(({ headers }) =>
    entityTag(firstLine(headers, "etag")),
  );
  if (stored.status !== 206 || came.status !== 206) return undefined;
  if (here === undefined || there === undefined) return undefined;
  if (ours === undefined || theirs === undefined) return undefined;
  if (!matchesStrongly(ours, theirs)) return undefined;
  const lengths = [here.completeLength, there.completeLength];
  if (lengths[0] === undefined || lengths[0] !== lengths[1]) return undefined;
  if (stored.body.length !== here.last - here.first + 1) return undefined;
  if (came.body.length !== there.last - there.first + 1) return undefined;
  if (here.first > there.last + 1 || there.first > here.last + 1) return undefined;

  const first = Math.min(here.first, there.first);
  const last = Math.max(here.last, there.last);
  const body = new Uint8Array(last - first + 1);
  body.set(stored.body, here.first - first);
  body.set(came.body, there.first - first);
  const headers = withoutFields(updatedHeaders(stored.headers, came.headers), FRAMING);
  const completeLength = lengths[0];
  if (body.length === completeLength) return { status: 200, headers, body };
  const range = contentRangeText({ first, last, completeLength });
  return { status: 206, headers: [...headers, ["Content-Range", range]], body };
}

const FRAMING = new Set([
  "content-range",
  "content-length",
  "content-digest",
  "content-md5",
]);
