/**
 * Dates as HTTP writes them.
 *
 * Instants are Unix milliseconds.
 *
 * Source: RFC 9110 §5.6.7 (the three formats), RFC 9111 §4.2 (how a cache reads them).
 *
 * @module
 */

const MONTHS = "janfebmaraprmayjunjulaugsepoctnovdec";
const TIME = String.raw`(?<hour>\d\d):(?<minute>\d\d):(?<second>\d\d)`;
const HTTP_DATES = [
  String.raw`^[a-z]{3}, (?<day>\d\d) (?<month>[a-z]{3}) (?<year>\d{4}) ${TIME} GMT$`,
  String.raw`^[a-z]{6,9}, (?<day>\d\d)-(?<month>[a-z]{3})-(?<year>\d\d) ${TIME} GMT$`,
  String.raw`^[a-z]{3} (?<month>[a-z]{3}) (?<day>[ \d]\d) ${TIME} (?<year>\d{4})$`,
].map((format) => new RegExp(format, "i"));

/**
 * The instant of an HTTP date in any of its three formats, `undefined` if it is none.
 * A year of two digits lies at most 50 years after `now`.
 *
 * "Although all date formats are specified to be case-sensitive, a cache recipient SHOULD
 * match the field value case-insensitively", and one whose zone is not GMT is not believed
 * (RFC 9111 §4.2). Whether the day of the week is right is not looked at.
 *
 * @example The same second in the format to send and in the oldest one
 * ```ts
 * import { httpDateAt } from "./http-date.ts";
 *
 * httpDateAt("Sun, 06 Nov 1994 08:49:37 GMT", 0); // => 784_111_777_000
 * httpDateAt("Sun Nov  6 08:49:37 1994", 0); // => 784_111_777_000
 * ```
 */
export function httpDateAt(value: string, now: number): number | undefined {
  const text = value.trim();
  const parts = partsOf(text);
  if (parts === undefined) return undefined;
  const part = (name: string) => Number(parts[name]);
  const month = MONTHS.indexOf((parts["month"] ?? "").toLowerCase()) / 3;
  const [day, hour, minute] = [part("day"), part("hour"), part("minute")];
  const year = parts["year"]?.length === 2 ? fullYear(part("year"), now) : part("year");
  // A leap second is the first of the next minute.
  const at = Date.UTC(year, month, day, hour, minute, part("second"));
  const isReal =
    Number.isInteger(month) &&
    day >= 1 &&
    day <= daysIn(month, year) &&
    hour < 24 &&
    minute < 60 &&
    part("second") <= 60;
  return isReal ? at : undefined;
}

function daysIn(month: number, year: number): number {
  if (month !== 1) return DAYS[month] ?? 0;
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
}

const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

function partsOf(text: string) {
  for (const format of HTTP_DATES) {
    const parts = format.exec(text);
    if (parts !== null) return parts.groups;
  }
  return undefined;
}

/** The date to send for `at`, without its milliseconds (RFC 9110 §5.6.7, IMF-fixdate). */
export function httpDate(at: number): string {
  return new Date(at).toUTCString();
}

function fullYear(lastDigits: number, now: number): number {
  const thisYear = new Date(now).getUTCFullYear();
  const year = thisYear - (thisYear % 100) + lastDigits;
  if (year > thisYear + 50) return year - 100;
  return year + 100 <= thisYear + 50 ? year + 100 : year;
}
