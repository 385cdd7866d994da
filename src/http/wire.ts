/**
 * How instants and durations look on the wire: RFC 3339 in UTC, and whole seconds.
 *
 * @module
 */

export const toInstant = (millis: number): string => new Date(millis).toISOString();

export const toInstantOrNull = (millis: number | undefined): string | null =>
  millis === undefined ? null : toInstant(millis);

/** Rounded up: what is said to last never lasts shorter. */
export const toSeconds = (millis: number): number => Math.ceil(millis / 1000);
