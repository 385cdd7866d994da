/**
 * What the session's cookie holds before anybody is logged in: a value that we have signed,
 * and of which nothing is kept.
 *
 * It is `pre.<until>.<random>.<tag>`: until when it is good (Unix ms, base 36), 128 random
 * bits, and the tag over both. It is never the value of a session: who logs in is given a
 * new one, so that nobody can give it to a user beforehand.
 *
 * @module
 */

const PRE_SESSION_MILLIS = 3_600_000;

/** What the tag is over. */
export function preSessionText(now: number, random: Uint8Array): string {
  const until = (now + PRE_SESSION_MILLIS).toString(36);
  return `${until}.${Buffer.from(random).toString("base64url")}`;
}

export interface PreSession {
  readonly text: string;
  readonly until: number;
  readonly tag: string;
}

/** The parts of `value`, whose tag is still to be verified; `undefined` for what is none. */
export function readPreSession(value: string): PreSession | undefined {
  const match = /^pre\.(([0-9a-z]{8,9})\.[\w-]{22})\.([\w-]{43})$/.exec(value);
  const [, text, until, tag] = match ?? [];
  if (text === undefined || until === undefined || tag === undefined) return undefined;
  return { text, until: Number.parseInt(until, 36), tag };
}
