/**
 * The headers of a read: what was served, how old it is, and what is left of the budget.
 *
 * Pure functions of small values, so that every way to an answer gives the same headers.
 *
 * Source: RFC 9111 §5.2 (Cache-Control), RFC 9211 (Cache-Status), RFC 8941 (structured
 * fields), draft-ietf-httpapi-ratelimit-headers-10 (RateLimit, RateLimit-Policy).
 *
 * @module
 */
import { type Entry } from "../domain/entry/entry.ts";
import { ageSeconds, freshnessAt } from "../domain/entry/freshness.ts";
import type { Budget } from "../domain/quota/budget.ts";
import { toSeconds } from "./wire.ts";

export type CacheLabel = "HIT" | "MISS" | "STALE" | "BYPASS";

/** Of an answer that serves `entry` at `now`. */
export function servedHeaders(
  entry: Entry,
  label: CacheLabel,
  refreshing: boolean,
  now: number,
): Record<string, string> {
  const freshSeconds = Math.floor((entry.lifetime.freshUntil - now) / 1000);
  const isFresh = freshnessAt(entry.lifetime, now) === "fresh";
  return {
    "X-UC-Cache": label,
    "X-UC-Age": String(ageSeconds(entry.lifetime, now)),
    ETag: entry.etag,
    "Cache-Control": isFresh ? `private, max-age=${freshSeconds}` : "no-cache",
    "Cache-Status": cacheStatus(label, freshSeconds, refreshing),
  };
}

/** Of an answer that serves nothing, with the reason where it is ours. */
export function absentHeaders(
  detail: "queued" | "cache-only" | undefined,
): Record<string, string> {
  const because = detail === undefined ? "" : `; detail=${detail}`;
  return {
    "X-UC-Cache": "MISS",
    "Cache-Control": "no-cache",
    "Cache-Status": `uni-cache; fwd=uri-miss${because}`,
  };
}

function cacheStatus(label: CacheLabel, ttl: number, refreshing: boolean): string {
  switch (label) {
    case "HIT":
      return `uni-cache; hit; ttl=${ttl}`;
    case "STALE":
      return `uni-cache; hit; ttl=${ttl}; detail=${refreshing ? "refresh-queued" : "stale"}`;
    case "MISS":
      return `uni-cache; fwd=stale; stored; ttl=${ttl}`;
    case "BYPASS":
      return `uni-cache; fwd=request; stored; ttl=${ttl}`;
  }
}

const windowNames: Readonly<Record<number, string>> = {
  1_000: "second",
  60_000: "minute",
  3_600_000: "hour",
  86_400_000: "day",
  2_678_400_000: "month",
};

/** What is left of the source's tightest budget at `now`, by both names. */
export function budgetHeaders(budget: Budget, now: number): Record<string, string> {
  const { tightest, remaining, windows } = budget;
  const reset =
    budget.resetAt === undefined ? 0 : Math.max(0, toSeconds(budget.resetAt - now));
  const nameOf = (windowMillis: number) =>
    windowNames[windowMillis] ?? String(windowMillis);
  return {
    "X-RateLimit-Limit": String(tightest.limit),
    "X-RateLimit-Remaining": String(remaining),
    "X-RateLimit-Reset": String(reset),
    RateLimit: `"${nameOf(tightest.windowMillis)}";r=${remaining};t=${reset}`,
    "RateLimit-Policy": windows
      .map(
        ({ windowMillis, limit }) =>
          `"${nameOf(windowMillis)}";q=${limit};w=${windowMillis / 1000}`,
      )
      .join(", "),
  };
}
