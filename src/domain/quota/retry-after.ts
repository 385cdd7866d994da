/**
 * When a refusing upstream wants to be called again, read from its reply.
 *
 * `Retry-After` comes first, then the reset of a spent budget: `RateLimit` in its two
 * drafts, `RateLimit-Reset`, `X-RateLimit-Reset` and `X-Rate-Limit-Reset`, as seconds from
 * the reply or as an epoch. A reset beside calls that remain is not the reason of the
 * refusal. Dates count from the reply's own `Date`, so that neither clock need be right.
 * What can't be read is passed over.
 *
 * Instants are Unix milliseconds.
 *
 * Source: RFC 9110 §10.2.3 and §5.6.7; draft-ietf-httpapi-ratelimit-headers-06, -07, -08.
 *
 * @module
 */
import { httpDateAt } from "../http-cache/http-date.ts";

/** The value of a header by its lower-case name, several joined by a comma. */
export type HeaderLookup = (name: string) => string | undefined;

/** The instant a reply received at `now` names; only a 429 or 503 is believed. */
export function retryInstant(
  status: number,
  header: HeaderLookup,
  now: number,
): number | undefined {
  if (status !== 429 && status !== 503) return undefined;
  const repliedAt = httpDateAt(header("date") ?? "", now) ?? now;
  const wait =
    retryAfterMillis(header("retry-after"), repliedAt) ??
    rateLimitMillis(header("ratelimit")) ??
    RESET_PREFIXES.map((prefix) => resetMillis(prefix, header, repliedAt)).find(
      (millis) => millis !== undefined,
    );
  return wait === undefined ? undefined : now + Math.min(wait, LONGEST_WAIT_MILLIS);
}

const RESET_PREFIXES = ["ratelimit", "x-ratelimit", "x-rate-limit"];
// A year: more is no one's budget, and sums of instants stay whole.
const LONGEST_WAIT_MILLIS = 31_536_000_000;
// Below lie seconds to wait (three years), above epochs since 1973 in seconds, then in ms.
const FIRST_EPOCH_SECONDS = 1e8;
const FIRST_EPOCH_MILLIS = 1e11;

function retryAfterMillis(value: string | undefined, repliedAt: number) {
  if (value === undefined) return undefined;
  const seconds = amount(value);
  if (seconds !== undefined) return Math.ceil(seconds * 1_000);
  const at = httpDateAt(value, repliedAt);
  return at === undefined ? undefined : Math.max(0, at - repliedAt);
}

function resetMillis(prefix: string, header: HeaderLookup, repliedAt: number) {
  const reset = amount(header(`${prefix}-reset`));
  if (reset === undefined || (amount(header(`${prefix}-remaining`)) ?? 0) > 0) {
    return undefined;
  }
  if (reset < FIRST_EPOCH_SECONDS) return Math.ceil(reset * 1_000);
  const at = reset < FIRST_EPOCH_MILLIS ? reset * 1_000 : reset;
  return Math.max(0, Math.ceil(at - repliedAt));
}

/** Reads `"default";r=0;t=30` and `limit=9, remaining=0, reset=30`; of spent budgets the last. */
function rateLimitMillis(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const bare = value.replaceAll(/"(?:[^"\\]|\\.)*"/g, "");
  const budgets = bare.includes("=") && !bare.includes(";") ? [bare] : bare.split(",");
  const waits = budgets.flatMap((budget) => {
    const left = /(?:^|[\s;,])(?:r|remaining)=(\d+)/i.exec(budget)?.[1];
    const wait = amount(/(?:^|[\s;,])(?:t|reset)=(\d+)/i.exec(budget)?.[1]);
    return wait === undefined || Number(left ?? 0) > 0 ? [] : [wait * 1_000];
  });
  return waits.length === 0 ? undefined : Math.max(...waits);
}

function amount(value: string | undefined): number | undefined {
  const digits = value?.trim() ?? "";
  return /^\d+(?:\.\d+)?$/.test(digits) ? Number(digits) : undefined;
}
