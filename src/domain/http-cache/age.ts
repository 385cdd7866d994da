/**
 * How old a response is.
 *
 * The age at its arrival is taken off the instant of arrival once, when it is stored: a
 * lifetime's `storedAt` is the instant at which its age was 0, and every later age is a
 * subtraction.
 *
 * Milliseconds, but for what is sent.
 *
 * Source: RFC 9111 §4.2.3 (calculating age), §5.1 (Age).
 *
 * @module
 */
import type { HeaderList } from "../entry/entry.ts";
import { ageSeconds as secondsSince, type Lifetime } from "../entry/freshness.ts";
import { deltaSeconds, MOST_SECONDS } from "./directives.ts";
import { fieldLines, firstLine } from "./field-value.ts";
import { httpDateAt } from "./http-date.ts";
import type { ExchangeTimes } from "./message.ts";

/**
 * The age that a response had on its arrival (RFC 9111 §4.2.3):
 * "apparent_age = max(0, response_time - date_value);
 * response_delay = response_time - request_time;
 * corrected_age_value = age_value + response_delay;
 * corrected_initial_age = max(apparent_age, corrected_age_value)".
 * `Date` counts whole seconds, so the apparent age does.
 */
export function correctedInitialAge(headers: HeaderList, times: ExchangeTimes): number {
  const { requestAt, responseAt } = times;
  const dateAt = dateValue(headers, responseAt) ?? responseAt;
  const apparentAge = Math.max(0, Math.floor((responseAt - dateAt) / 1_000) * 1_000);
  const responseDelay = Math.max(0, responseAt - requestAt);
  return Math.max(apparentAge, ageValue(headers) * 1_000 + responseDelay);
}

/** The instant that `Date` names, `undefined` where it is absent or can't be read. */
export function dateValue(headers: HeaderList, now: number): number | undefined {
  const date = firstLine(headers, "date");
  return date === undefined ? undefined : httpDateAt(date, now);
}

/**
 * Seconds; 0 where `Age` says nothing: "a cache encountering a message with a list-based Age
 * field value SHOULD use the first member of the field value, discarding subsequent ones. If
 * the field value (after discarding additional members, as per above) is invalid (e.g., it
 * contains something other than a non-negative integer), a cache SHOULD ignore the field"
 * (RFC 9111 §5.1).
 */
export function ageValue(headers: HeaderList): number {
  const [first = ""] = fieldLines(headers, "age");
  return deltaSeconds((first.split(",")[0] ?? "").trim()) ?? 0;
}

/**
 * The value of `Age` for a stored response at `now`: "When a stored response is used to
 * satisfy a request without validation, a cache MUST generate an Age header field, replacing
 * any present in the response with a value equal to the stored response's current_age"
 * (RFC 9111 §4). Whole seconds, never negative.
 */
export function ageSeconds(lifetime: Lifetime, now: number): number {
  return Math.min(secondsSince(lifetime, now), MOST_SECONDS);
}
