/**
 * The bucket that paces calls within their burst.
 *
 * It holds at most `burst` tokens and regains `perMinute` of them each minute; a call
 * costs one. A bucket alone would let a burst and a minute's refill through within one
 * minute, so a call must pass the windows of the ledger too.
 *
 * Tokens are counted in credit, whole sixty-thousandths of a token: a millisecond earns
 * exactly `perMinute` credit, no sum is ever rounded, and the unit stays the same when
 * the limit changes.
 *
 * @module
 */
import type { RateLimit } from "./rate-limit.ts";

const CREDIT_PER_TOKEN = 60_000;

/** The most tokens the bucket holds. Without `burst` a whole minute's calls: no pacing. */
export function burstOf(limit: RateLimit): number {
  return limit.burst ?? limit.perMinute;
}

/** The credit of a bucket nothing was taken from. */
export function fullCredit(limit: RateLimit): number {
  return burstOf(limit) * CREDIT_PER_TOKEN;
}

/** The credit after `elapsedMillis`, earned at the limit in force and never above its burst. */
export function refill(limit: RateLimit, credit: number, elapsedMillis: number): number {
  return Math.min(credit + elapsedMillis * limit.perMinute, fullCredit(limit));
}

/** Whole tokens in the bucket. */
export function tokensIn(credit: number): number {
  return Math.floor(credit / CREDIT_PER_TOKEN);
}

/** The credit once `tokens` are taken. Where nothing paces, more may be taken than there are. */
export function takeTokens(credit: number, tokens: number): number {
  return Math.max(0, credit - tokens * CREDIT_PER_TOKEN);
}

/** The credit once `tokens` came back; what would lift it above the burst is lost. */
export function returnTokens(limit: RateLimit, credit: number, tokens: number): number {
  return Math.min(credit + tokens * CREDIT_PER_TOKEN, fullCredit(limit));
}

/**
 * Milliseconds until the bucket holds `tokens`, 0 if it does; at most `burst` are meant.
 *
 * @example Two calls a minute: an empty bucket has one after half a minute
 * ```ts
 * import { millisUntilTokens, refill, tokensIn } from "./token-bucket.ts";
 *
 * const limit = { perMinute: 2, burst: 1 };
 * millisUntilTokens(limit, 0, 1); // => 30_000
 * tokensIn(refill(limit, 0, 29_999)); // => 0
 * tokensIn(refill(limit, 0, 30_000)); // => 1
 * ```
 */
export function millisUntilTokens(
  limit: RateLimit,
  credit: number,
  tokens: number,
): number {
  const missing = tokens * CREDIT_PER_TOKEN - credit;
  return missing <= 0 ? 0 : Math.ceil(missing / limit.perMinute);
}
