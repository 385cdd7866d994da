/**
 * `Cache-Status`: what this cache did with a request, for whoever debugs it.
 *
 * Source: RFC 9211 §2; RFC 9651 §4.1 (how structured fields are written).
 *
 * @module
 */
import type { HeaderList } from "../entry/entry.ts";
import { combinedValue, withoutFields } from "./field-value.ts";

/** "why a request went forward" (RFC 9211 §2.2). */
export type Forwarded =
  | "bypass"
  | "method"
  | "uri-miss"
  | "vary-miss"
  | "miss"
  | "request"
  | "stale"
  | "partial";

/** A hit has no `forwarded`: "the request did not go forward". */
export interface CacheReport {
  readonly forwarded?: Forwarded | undefined;
  /** Where it differs from the status that is sent (§2.3). */
  readonly forwardStatus?: number | undefined;
  /** Milliseconds of freshness that remain, negative where it is stale (§2.4). */
  readonly ttlMillis?: number | undefined;
  /** Only of a forwarded one (§2.5). */
  readonly stored?: boolean | undefined;
  /** Only of a forwarded one (§2.6). */
  readonly collapsed?: boolean | undefined;
  /** Ours, e.g. why it was not stored (§2.8). */
  readonly detail?: string | undefined;
}

/**
 * Our member.
 *
 * @example A hit, and a miss that was not stored
 * ```ts
 * import { cacheStatus } from "./cache-status.ts";
 *
 * cacheStatus({ ttlMillis: 30_500 }); // => "uni-cache;hit;ttl=30"
 * cacheStatus({ forwarded: "uri-miss", detail: "no-store" }); // => 'uni-cache;fwd=uri-miss;detail="no-store"'
 * ```
 */
export function cacheStatus(report: CacheReport): string {
  const { forwarded, forwardStatus, ttlMillis, detail } = report;
  // "typically" a token.
  let member = "uni-cache";
  if (forwarded === undefined) member += ";hit";
  else {
    member += `;fwd=${forwarded}`;
    if (forwardStatus !== undefined) member += `;fwd-status=${forwardStatus}`;
    if (report.stored === true) member += ";stored";
    if (report.collapsed === true) member += ";collapsed";
  }
  if (ttlMillis !== undefined) member += `;ttl=${Math.floor(ttlMillis / 1_000)}`;
  if (detail !== undefined) member += `;detail=${quoted(detail)}`;
  return member;
}

/** A string of a structured field, which holds ASCII only (RFC 9651 §3.3.3). */
function quoted(text: string): string {
  return `"${text.replaceAll(/[^\x20-\x7e]/g, "?").replaceAll(/["\\]/g, "\\$&")}"`;
}

/**
 * `headers` with our member at the end of those that stand there: "the first member represents
 * the cache closest to the origin server, and the last member represents the cache closest to
 * the user" (RFC 9211 §2).
 */
export function withCacheStatus(headers: HeaderList, report: CacheReport): HeaderList {
  const before = combinedValue(headers, "cache-status")?.trim() ?? "";
  const ours = cacheStatus(report);
  return [
    ...withoutFields(headers, CACHE_STATUS),
    ["Cache-Status", before === "" ? ours : `${before}, ${ours}`],
  ];
}

const CACHE_STATUS = new Set(["cache-status"]);
