/**
 * The pause after an upstream said no: until it ends, no call at all goes to that source.
 *
 * A refusal that names an instant is believed, up to 24 hours ahead. One that names none
 * pauses for 30 seconds, doubling with each such refusal in a row up to 10 minutes. Calls
 * under way when the pause began may be refused too: they don't double it, and of two
 * named instants the later wins.
 *
 * Instants are Unix milliseconds.
 *
 * Source: RFC 6585 §4 (429), RFC 9110 §15.6.4 (503).
 *
 * @module
 */

/** `until` is when the last pause ends or ended; `streak` counts refusals that named no instant. */
export interface Cooldown {
  readonly until: number | undefined;
  readonly streak: number;
}

/** A source that was never refused. */
export const NO_COOLDOWN: Cooldown = { until: undefined, streak: 0 };

const FIRST_PAUSE_MILLIS = 30_000;
const LONGEST_PAUSE_MILLIS = 600_000;
// Retry-After counts in seconds; 0 would have a refused task call in a tight loop.
const SHORTEST_NAMED_MILLIS = 1_000;
const LONGEST_NAMED_MILLIS = 86_400_000;

/** Says whether calls may start at `now`. */
export function cooledDown(cooldown: Cooldown, now: number): boolean {
  return cooldown.until === undefined || now >= cooldown.until;
}

/**
 * The pause after a refusal at `now` that names `notBefore`, or `undefined`.
 *
 * @example The second refusal in a row pauses twice as long
 * ```ts
 * import { NO_COOLDOWN, refusedBy } from "./cooldown.ts";
 *
 * const first = refusedBy(NO_COOLDOWN, 0, undefined);
 * first; // => { until: 30_000, streak: 1 }
 * refusedBy(first, 30_000, undefined); // => { until: 90_000, streak: 2 }
 * ```
 */
export function refusedBy(
  cooldown: Cooldown,
  now: number,
  notBefore: number | undefined,
): Cooldown {
  const latest = now + LONGEST_NAMED_MILLIS;
  const running = cooledDown(cooldown, now)
    ? now
    : Math.min(cooldown.until ?? now, latest);
  if (notBefore !== undefined) {
    const named = Math.min(Math.max(notBefore, now + SHORTEST_NAMED_MILLIS), latest);
    return { until: Math.max(running, named), streak: cooldown.streak };
  }
  if (running > now) return { until: running, streak: cooldown.streak };
  const pause = FIRST_PAUSE_MILLIS * 2 ** cooldown.streak;
  return {
    until: now + Math.min(pause, LONGEST_PAUSE_MILLIS),
    streak: cooldown.streak + 1,
  };
}

/** The cooldown after an answer that was no refusal: the row is broken, a running pause stays. */
export function accepted(cooldown: Cooldown): Cooldown {
  return cooldown.streak === 0 ? cooldown : { until: cooldown.until, streak: 0 };
}
