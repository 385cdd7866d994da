/**
 * The headers of a read: what was served, how old it is, and what is left of the budget.
 *
 * Pure functions of small values, so that every way to an answer gives the same headers.
 *
 * Source: RFC 9111 §5.2 (Cache-Control), draft-ietf-httpapi-ratelimit-headers-10 (RateLimit,
 * RateLimit-Policy).
 *
 * @module
 */
import { ageSeconds, freshnessAt } from "../domain/entry/freshness.ts";
import { type CacheReport, cacheStatus } from "../domain/http-cache/cache-status.ts";
import type { Budget } from "../domain/quota/budget.ts";
import type { ReadResult } from "../services/entry/read-entry.ts";
import { toSeconds } from "./wire.ts";

type Served = Pick<
  Extract<ReadResult, { readonly _tag: "Served" }>,
  "held" | "label" | "refreshing" | "forwarded" | "readAt"
>;

/** Of an answer that serves an entry, `readAt` being when. */
export function servedHeaders(served: Served): Record<string, string> {
  const { label, readAt: now } = served;
  const { entry } = served.held;
  const ttlMillis = entry.lifetime.freshUntil - now;
  const isFresh = freshnessAt(entry.lifetime, now) === "fresh";
  return {
    "X-UC-Cache": label,
    "X-UC-Age": String(ageSeconds(entry.lifetime, now)),
    ETag: entry.etag,
    "Cache-Control": isFresh
      ? `private, max-age=${Math.floor(ttlMillis / 1000)}`
      : "no-cache",
    "Cache-Status": cacheStatus({ ...reportOf(served), ttlMillis }),
  };
}

/** Of the answer to a refresh that was waited for. */
export function refreshedHeaders({
  held,
  readAt,
}: Pick<Served, "held" | "readAt">): Record<string, string> {
  return servedHeaders({
    held,
    readAt,
    label: "BYPASS",
    refreshing: false,
    forwarded: { because: "request", collapsed: false },
  });
}

/** Of an answer that serves nothing, with the reason where it is ours. */
export function absentHeaders(
  detail: "queued" | "cache-only" | undefined,
): Record<string, string> {
  return {
    "X-UC-Cache": "MISS",
    "Cache-Control": "no-cache",
    "Cache-Status": cacheStatus({ forwarded: "uri-miss", detail }),
  };
}

function reportOf({ label, refreshing, forwarded }: Served): CacheReport {
  if (forwarded !== undefined) {
    const { because, collapsed } = forwarded;
    return { forwarded: because, stored: true, collapsed };
  }
  if (refreshing) return { detail: "refresh-queued" };
  return label === "STALE" ? { detail: "stale" } : {};
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
