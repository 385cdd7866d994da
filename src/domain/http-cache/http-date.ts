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
const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const TIME = String.raw`(\d\d):(\d\d):(\d\d)`;
const IMF_FIXDATE = new RegExp(
  String.raw`^[a-z]{3}, (\d\d) ([a-z]{3}) (\d{4}) ${TIME} GMT$`,
  "i",
);
const RFC_850 = new RegExp(
  String.raw`^[a-z]{6,9}, (\d\d)-([a-z]{3})-(\d\d) ${TIME} GMT$`,
  "i",
);
const ASCTIME = new RegExp(
  String.raw`^[a-z]{3} ([a-z]{3}) ([ \d]\d) ${TIME} (\d{4})$`,
  "i",
);

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
  const parts = partsOf(value.trim());
  if (parts === undefined) return undefined;
  const [day, name, digits, hour, minute, second] = parts;
  const month = MONTHS.indexOf(name.toLowerCase()) / 3;
  const year = digits.length === 2 ? fullYear(Number(digits), now) : Number(digits);
  const isReal =
    Number.isInteger(month) &&
    day >= 1 &&
    day <= daysIn(month, year) &&
    hour < 24 &&
    minute < 60 &&
    second <= 60;
  // A leap second is the first of the next minute.
  return isReal ? Date.UTC(year, month, day, hour, minute, second) : undefined;
}

type Parts = readonly [
  day: number,
  month: string,
  year: string,
  hour: number,
  minute: number,
  second: number,
];

function partsOf(text: string): Parts | undefined {
  const dated = IMF_FIXDATE.exec(text) ?? RFC_850.exec(text);
  if (dated !== null) {
    const [, day, month = "", year = "", hour, minute, second] = dated;
    return [Number(day), month, year, Number(hour), Number(minute), Number(second)];
  }
  const old = ASCTIME.exec(text);
  if (old === null) return undefined;
  const [, month = "", day, hour, minute, second, year = ""] = old;
  return [Number(day), month, year, Number(hour), Number(minute), Number(second)];
}

function daysIn(month: number, year: number): number {
  if (month !== 1) return DAYS[month] ?? 0;
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
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
