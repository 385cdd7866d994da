/**
 * How long a response stays fresh, and what may be done with it afterwards.
 *
 * All of it is fixed when the response is stored. Its `fallbackUntil` says how long it is
 * kept: as long as it may stand in for an error, and with a validator long enough to be
 * validated; whether it may really be served on an error, `staleOnErrorUntil` says.
 *
 * Milliseconds.
 *
 * Source: RFC 9111 §4.2 (freshness), §4.2.1 (lifetime), §4.2.2 (heuristics), §4.2.4 (stale),
 * §5.3 (Expires); RFC 5861 §3 and §4; RFC 9213 §2.2.
 *
 * @module
 */
import type { HeaderList } from "../entry/entry.ts";
import type { Lifetime } from "../entry/freshness.ts";
import { correctedInitialAge, dateValue } from "./age.ts";
import { type ResponseDirectives, responseDirectives } from "./cache-control.ts";
import { firstLine, hasField } from "./field-value.ts";
import { httpDateAt } from "./http-date.ts";
import type { ExchangeTimes, ResponseHead } from "./message.ts";
import { isHeuristicallyCacheable } from "./status-codes.ts";

const DAY_MILLIS = 86_400_000;

/** No response without a lifetime of its own is fresh for longer. */
const LONGEST_HEURISTIC_MILLIS = DAY_MILLIS;

/** How long after its freshness a response is kept for its validator. */
const VALIDATION_MILLIS = DAY_MILLIS;

/**
 * The lifetime of a response that is stored.
 *
 * `staleIfErrorMillis`: how long the operator lets a stale response stand in for an error
 * where the origin says nothing about it and nothing forbids it.
 *
 * @example Ten minutes from its generation, a minute of which were over
 * ```ts
 * import { lifetimeOf } from "./freshness.ts";
 *
 * const headers = [["Cache-Control", "max-age=600"], ["Age", "60"]] as const;
 * const times = { requestAt: 100_000, responseAt: 100_000, staleIfErrorMillis: 0 };
 * lifetimeOf({ status: 200, headers }, times).freshUntil; // => 640_000
 * ```
 */
export function lifetimeOf(
  head: ResponseHead,
  times: ExchangeTimes & { readonly staleIfErrorMillis: number },
  directives: ResponseDirectives = responseDirectives(head.headers),
): Lifetime {
  const storedAt = times.responseAt - correctedInitialAge(head.headers, times);
  const freshUntil = storedAt + lifetimeMillis(head, directives, times.responseAt);
  const mayBeStale = !isStaleForbidden(directives);
  const behind = mayBeStale ? (directives.staleWhileRevalidate ?? 0) * 1_000 : 0;
  const staleUntil = freshUntil + behind;
  const onErrorUntil = staleOnErrorUntil(
    { freshUntil, staleUntil },
    directives,
    times.staleIfErrorMillis,
  );
  const keptUntil = hasValidator(head.headers)
    ? Math.max(freshUntil, times.responseAt) + VALIDATION_MILLIS
    : freshUntil;
  return {
    storedAt,
    freshUntil,
    staleUntil,
    fallbackUntil: Math.max(staleUntil, onErrorUntil, keptUntil),
  };
}

/**
 * How long after its generation a response is fresh. 0 where it may never be used without
 * validation: `no-cache` without fields (§5.2.2.4).
 */
function lifetimeMillis(
  head: ResponseHead,
  directives: ResponseDirectives,
  responseAt: number,
): number {
  if (directives.noCache === "all") return 0;
  return (
    explicitLifetime(head.headers, directives, responseAt) ??
    heuristicLifetime(head, directives, responseAt)
  );
}

/**
 * What the origin says, or `undefined` (RFC 9111 §4.2.1), of these the first: "If the cache
 * is shared and the s-maxage response directive is present, use its value"; "If the max-age
 * response directive is present, use its value"; "If the Expires response header field is
 * present, use its value minus the value of the Date response header field".
 *
 * "A cache recipient MUST interpret invalid date formats, especially the value '0', as
 * representing a time in the past" (§5.3). Without a `Date` the arrival counts (RFC 9110 §6.6.1).
 */
function explicitLifetime(
  headers: HeaderList,
  directives: ResponseDirectives,
  responseAt: number,
): number | undefined {
  const seconds = directives.sMaxage ?? directives.maxAge;
  if (seconds !== undefined) return seconds * 1_000;
  const expires = directives.targeted ? undefined : firstLine(headers, "expires");
  if (expires === undefined) return undefined;
  const expiresAt = httpDateAt(expires, responseAt);
  if (expiresAt === undefined) return 0;
  return Math.max(0, expiresAt - (dateValue(headers, responseAt) ?? responseAt));
}

/**
 * "If the response has a Last-Modified header field, caches are encouraged to use a heuristic
 * expiration value that is no more than some fraction of the interval since that time. A
 * typical setting of this fraction might be 10%" (RFC 9111 §4.2.2). Without one it is 0; so
 * it is for a status that is not heuristically cacheable, unless the response is "explicitly
 * marked as cacheable (e.g., with a public response directive)".
 */
function heuristicLifetime(
  { status, headers }: ResponseHead,
  directives: ResponseDirectives,
  responseAt: number,
): number {
  if (!isHeuristicallyCacheable(status) && !directives.public) return 0;
  const lastModified = firstLine(headers, "last-modified");
  if (lastModified === undefined) return 0;
  const modifiedAt = httpDateAt(lastModified, responseAt);
  if (modifiedAt === undefined) return 0;
  const since = (dateValue(headers, responseAt) ?? responseAt) - modifiedAt;
  return Math.min(Math.max(0, Math.floor(since / 10)), LONGEST_HEURISTIC_MILLIS);
}

/**
 * "A cache MUST NOT generate a stale response if it is prohibited by an explicit in-protocol
 * directive (e.g., by a no-cache response directive, a must-revalidate response directive, or
 * an applicable s-maxage or proxy-revalidate response directive)" (RFC 9111 §4.2.4).
 */
export function isStaleForbidden(directives: ResponseDirectives): boolean {
  return (
    directives.mustRevalidate ||
    directives.proxyRevalidate ||
    directives.sMaxage !== undefined ||
    directives.noCache === "all"
  );
}

/**
 * Until when a stale response may stand in for an error: what `stale-if-error` says
 * (RFC 5861 §4), else what the operator allows. Where stale is forbidden, not at all.
 */
export function staleOnErrorUntil(
  lifetime: Pick<Lifetime, "freshUntil" | "staleUntil">,
  directives: ResponseDirectives,
  staleIfErrorMillis: number,
): number {
  if (isStaleForbidden(directives)) return lifetime.freshUntil;
  const { staleIfError } = directives;
  const millis = staleIfError === undefined ? staleIfErrorMillis : staleIfError * 1_000;
  return Math.max(lifetime.staleUntil, lifetime.freshUntil + millis);
}

/** Whether there is something to validate it by (RFC 9110 §8.8). */
export function hasValidator(headers: HeaderList): boolean {
  return hasField(headers, "etag") || hasField(headers, "last-modified");
}
