/**
 * One spelling for numbers and dates that mean the same.
 *
 * Numbers are compared as decimals, not as floating point: two that differ in the
 * twentieth digit stay two. A date with a time needs its offset; without one it means
 * another instant in each place, and is left as it is.
 *
 * Source: RFC 3339 §5.6 (dates), RFC 9110 §5.6.7 (HTTP dates).
 *
 * @module
 */
import type { DataType } from "../api-proxy/cache-settings.ts";

const NUMBER = /^([+-]?)(\d*)(?:\.(\d*))?(?:e([+-]?\d{1,9}))?$/i;
const LONGEST_NUMBER = 400;

const DAY = /^\d{4}-\d{2}-\d{2}$/;
const INSTANT =
  /^(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}(?::\d{2})?)(?:\.(\d{1,9}))?([Zz]|[+-]\d{2}:?\d{2})$/;
const HTTP_DATE =
  /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/**
 * The one spelling of `text`, or `undefined` where it has none of `dataType`.
 *
 * @example Three spellings of one number, two of one instant
 * ```ts
 * import { canonicalValue } from "./canonical-value.ts";
 *
 * canonicalValue("NUMERIC", "+01.50"); // => "1.5"
 * canonicalValue("NUMERIC", "15e-1"); // => "1.5"
 * canonicalValue("DATE", "2026-03-01T02:00:00+02:00"); // => "2026-03-01T00:00:00Z"
 * canonicalValue("DATE", "tomorrow"); // => undefined
 * ```
 */
export function canonicalValue(dataType: DataType, text: string): string | undefined {
  switch (dataType) {
    case "STRING":
      return undefined;
    case "NUMERIC":
      return canonicalNumber(text.trim());
    case "DATE":
      return canonicalDate(text.trim());
  }
}

/** Written out where that is no longer than this. */
const MOST_DIGITS = 24;

function canonicalNumber(text: string): string | undefined {
  if (text.length > LONGEST_NUMBER) return undefined;
  const [, sign = "", whole = "", part = "", exponent = "0"] = NUMBER.exec(text) ?? [];
  const digits = whole + part;
  if (digits === "") return undefined;
  const significant = digits.replace(/^0+/, "");
  const shortest = significant.replace(/0+$/, "");
  if (shortest === "") return "0";
  const power = Number(exponent) - part.length + significant.length - shortest.length;
  return `${sign === "-" ? "-" : ""}${writtenOut(shortest, power)}`;
}

/** `digits`, which have no zero at either end, times ten to `power`. */
function writtenOut(digits: string, power: number): string {
  const length = digits.length + Math.abs(power);
  if (length > MOST_DIGITS) return `${digits}e${power}`;
  if (power >= 0) return digits + "0".repeat(power);
  const padded = digits.padStart(1 - power, "0");
  return `${padded.slice(0, power)}.${padded.slice(power)}`;
}

function canonicalDate(text: string): string | undefined {
  if (DAY.test(text)) return isDay(text) ? text : undefined;
  if (HTTP_DATE.test(text)) return instantText(Date.parse(text), "");
  const [, day, time, fraction = "", zone] = INSTANT.exec(text) ?? [];
  if (day === undefined || time === undefined || zone === undefined) return undefined;
  if (!isDay(day)) return undefined;
  const offset = zone.length === 5 ? `${zone.slice(0, 3)}:${zone.slice(3)}` : zone;
  const seconds = time.length === 5 ? `${time}:00` : time;
  const at = Date.parse(`${day}T${seconds}${offset.toUpperCase()}`);
  return instantText(at, fraction.replace(/0+$/, ""));
}

/** The engine's own parser takes the 30th of February. */
function isDay(day: string): boolean {
  const at = Date.parse(`${day}T00:00:00Z`);
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(day);
}

function instantText(at: number, fraction: string): string | undefined {
  if (Number.isNaN(at)) return undefined;
  const seconds = new Date(at).toISOString().replace(/\.000Z$/, "");
  return `${seconds}${fraction === "" ? "" : `.${fraction}`}Z`;
}
