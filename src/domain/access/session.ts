/**
 * Sessions: somebody is logged in.
 *
 * A session's value is 256 random bits in a cookie; only its SHA-256 is kept. Instants are
 * Unix milliseconds.
 *
 * @module
 */
import type { User } from "./user.ts";

const HOUR_MILLIS = 3_600_000;

/** A session that was not used for this long is over. */
export const IDLE_MILLIS = 12 * HOUR_MILLIS;
/** A session is over after this long, however much it was used. */
export const LONGEST_MILLIS = 7 * 24 * HOUR_MILLIS;
/** How exactly it is known when a session was last used. */
export const SEEN_STEP_MILLIS = 60_000;

export interface Session {
  /** SHA-256 of its value. */
  readonly hash: Uint8Array;
  readonly createdAt: number;
  readonly seenAt: number;
  readonly endsAt: number;
  /** Whose it is, as the user is now. */
  readonly user: User;
}

/** The value of a session, from 32 random bytes. */
export function sessionValueFrom(random: Uint8Array): string {
  return Buffer.from(random).toString("base64url");
}

/** Whether `text` could be the value of a session. */
export function isSessionValue(text: string): boolean {
  return /^[\w-]{43}$/.test(text);
}

/** Whether the session stands for its user at `now`. */
export function isInForce({ seenAt, endsAt, user }: Session, now: number): boolean {
  return user.isActive && now < endsAt && now < seenAt + IDLE_MILLIS;
}

/** Whether it is to be noted that the session was used at `now`. */
export function isToBeNoted({ seenAt }: Session, now: number): boolean {
  return now >= seenAt + SEEN_STEP_MILLIS;
}
