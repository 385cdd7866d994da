/**
 * Answers a client's own conditions from a stored response.
 *
 * Source: RFC 9110 §13.1 (preconditions), §13.2 (their order), §15.4.5 (304); RFC 9111 §4.3.2.
 *
 * @module
 */
import type { HeaderList } from "../entry/entry.ts";
import type { StoredResponse } from "../gateway/stored-response.ts";
import { dateValue } from "./age.ts";
import { entityTag, entityTags, matchesStrongly, matchesWeakly } from "./entity-tags.ts";
import { combinedValue, fieldLines, firstLine, hasField } from "./field-value.ts";
import { httpDateAt } from "./http-date.ts";
import type { RequestHead } from "./message.ts";

export type Condition = "Proceed" | "NotModified" | "PreconditionFailed";

type Stored = Pick<StoredResponse, "status" | "headers" | "responseAt">;

/**
 * What becomes of a GET or HEAD that `stored` would answer.
 *
 * `asOrigin`: we answer in the origin's place, as under a `ttl`. A cache by the RFC is not asked
 * for `If-Match` and `If-Unmodified-Since`, which "are not applicable to a cache" (RFC 9111
 * §4.3.2); `reusePlan` sends such requests on.
 *
 * Conditions count only where the answer "would have been 2xx" without them (RFC 9110 §13.2.1).
 */
export function conditionOf(
  { method, headers }: RequestHead,
  stored: Stored,
  asOrigin = false,
): Condition {
  if (stored.status < 200 || stored.status > 299) return "Proceed";
  if (asOrigin && !holdsAsOrigin(headers, stored)) return "PreconditionFailed";
  if (method !== "GET" && method !== "HEAD") return "Proceed";
  return hasChanged(headers, stored) ? "Proceed" : "NotModified";
}

/** Steps 1 and 2 of RFC 9110 §13.2.2: `If-Match`, strongly, else `If-Unmodified-Since`. */
function holdsAsOrigin(headers: HeaderList, stored: Stored): boolean {
  const match = combinedValue(headers, "if-match");
  if (match !== undefined) {
    const tags = entityTags(match);
    const ours = entityTag(firstLine(stored.headers, "etag"));
    if (tags === "*") return true;
    return ours !== undefined && tags.some((tag) => matchesStrongly(tag, ours));
  }
  const since = dateOf(headers, "if-unmodified-since", stored.responseAt);
  const modifiedAt = dateOf(stored.headers, "last-modified", stored.responseAt);
  return since === undefined || modifiedAt === undefined || modifiedAt <= since;
}

/**
 * Steps 3 and 4: `If-None-Match`, weakly, else `If-Modified-Since`: "A recipient MUST ignore
 * If-Modified-Since if the request contains an If-None-Match header field" (§13.1.3). "If …
 * the Last-Modified header field is not present in a stored response, a cache SHOULD use the
 * stored response's Date field value (or, if no Date field is present, the time that the stored
 * response was received)" (RFC 9111 §4.3.2).
 */
function hasChanged(headers: HeaderList, stored: Stored): boolean {
  const noneMatch = combinedValue(headers, "if-none-match");
  if (noneMatch !== undefined) {
    const tags = entityTags(noneMatch);
    const ours = entityTag(firstLine(stored.headers, "etag"));
    if (tags === "*") return false;
    return ours === undefined || !tags.some((tag) => matchesWeakly(tag, ours));
  }
  const since = dateOf(headers, "if-modified-since", stored.responseAt);
  if (since === undefined) return true;
  const modifiedAt =
    dateOf(stored.headers, "last-modified", stored.responseAt) ??
    dateValue(stored.headers, stored.responseAt) ??
    stored.responseAt;
  return modifiedAt > since;
}

/** "A recipient MUST ignore" one that is no date, or more than one (RFC 9110 §13.1.3). */
function dateOf(headers: HeaderList, name: string, now: number): number | undefined {
  const lines = fieldLines(headers, name);
  return lines.length === 1 ? httpDateAt(lines[0] ?? "", now) : undefined;
}

/** Whether a request may be answered with less than the whole: conditions and ranges. */
export function asksForLess(headers: HeaderList): boolean {
  return headers.some(([name]) =>
    /^(?:range|if-(?:none-)?match|if-(?:un)?modified-since)$/i.test(name),
  );
}

/** Whether a request has conditions that only an origin may judge (RFC 9111 §4.3.2). */
export function asksTheOrigin(headers: HeaderList): boolean {
  return hasField(headers, "if-match") || hasField(headers, "if-unmodified-since");
}

const OF_THE_REPRESENTATION =
  /^(?:content-(?!location$|security-policy).*|last-modified|digest|repr-digest|trailer)$/;

/**
 * The headers of a 304 in place of `stored`: `Content-Location`, `Date`, `ETag`, `Vary`,
 * `Cache-Control` and `Expires` "MUST" be there where a 200 had them; "a sender SHOULD NOT
 * generate representation metadata other than the above listed fields" (RFC 9110 §15.4.5), but
 * for `Last-Modified` where there is no tag. What is no such metadata, e.g. of CORS, stays.
 */
export function notModifiedHeaders(stored: HeaderList): HeaderList {
  const hasTag = hasField(stored, "etag");
  return stored.filter(([name]) => {
    const lower = name.toLowerCase();
    if (lower === "last-modified") return !hasTag;
    return !OF_THE_REPRESENTATION.test(lower);
  });
}
