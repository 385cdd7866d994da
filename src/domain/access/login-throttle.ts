/**
 * How many passwords may be tried for one name from one address.
 *
 * A series of tries ends when none was let through for `SERIES_MILLIS`; a series has
 * `MOST_TRIES`. So no minute has more, wherever it begins. A try that is refused counts as
 * none, and a login that succeeds ends the series.
 *
 * @module
 */
import { createHash } from "node:crypto";

export const MOST_TRIES = 10;
export const SERIES_MILLIS = 60_000;

/** Who tries: the name as it was given, and where from. */
export interface Trier {
  readonly username: string;
  readonly address: string | undefined;
}

/** SHA-256 of name and address, 32 bytes: a name may hold anything, a password typed there too. */
export function trierHash({ username, address }: Trier): Uint8Array {
  const text = JSON.stringify([username, address ?? null]);
  return new Uint8Array(createHash("sha256").update(text).digest());
}

/** Whole seconds at `now` until a new series begins, 1 at least. */
export function secondsUntilNewSeries(lastTryAt: number, now: number): number {
  return Math.max(1, Math.ceil((lastTryAt + SERIES_MILLIS - now) / 1_000));
}
