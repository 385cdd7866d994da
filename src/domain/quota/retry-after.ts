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

const MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec";
const TIME = String.raw`(?<hour>\d\d):(?<minute>\d\d):(?<second>\d\d)`;
const HTTP_DATES = [
  String.raw`^\w{3}, (?<day>\d\d) (?<month>\w{3}) (?<year>\d{4}) ${TIME} GMT$`,
  String.raw`^\w{6,9}, (?<day>\d\d)-(?<month>\w{3})-(?<year>\d\d) ${TIME} GMT$`,
  String.raw`^\w{3} (?<month>\w{3}) (?<day>[ \d]\d) ${TIME} (?<year>\d{4})$`,
].map((format) => new RegExp(format));

/**
 * The instant of an HTTP date in any of its three formats, `undefined` if it is none.
 * A year of two digits lies at most 50 years after `now`.
 *
 * @example The same second in the format to send and in the oldest one
 * ```ts
 * import { httpDateAt } from "./retry-after.ts";
 *
 * httpDateAt("Sun, 06 Nov 1994 08:49:37 GMT", 0); // => 784_111_777_000
 * httpDateAt("Sun Nov  6 08:49:37 1994", 0); // => 784_111_777_000
 * ```
 */
export function httpDateAt(value: string, now: number): number | undefined {
  const text = value.trim();
  const parts = HTTP_DATES.map((format) => format.exec(text)?.groups).find(Boolean);
  if (parts === undefined) return undefined;
  const part = (name: string) => Number(parts[name]);
  const month = MONTHS.indexOf(parts["month"] ?? "") / 3;
  const [day, hour, minute] = [part("day"), part("hour"), part("minute")];
  const year = parts["year"]?.length === 2 ? fullYear(part("year"), now) : part("year");
  // A leap second is the first of the next minute.
  const at = Date.UTC(year, month, day, hour, minute, part("second"));
  const isReal =
    Number.isInteger(month) &&
    new Date(Date.UTC(year, month, day)).getUTCDate() === day &&
    hour < 24 &&
    minute < 60 &&
    part("second") <= 60;
  return isReal ? at : undefined;
}

function fullYear(lastDigits: number, now: number): number {
  const thisYear = new Date(now).getUTCFullYear();
  const year = thisYear - (thisYear % 100) + lastDigits;
  if (year > thisYear + 50) return year - 100;
  return year + 100 <= thisYear + 50 ? year + 100 : year;
}
