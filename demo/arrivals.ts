/**
 * A log of calls by the instant they came in, and what a strict limit says about it.
 *
 * Instants are milliseconds of a clock that never steps; a window is any 60 s.
 *
 * @module
 */

const WINDOW_MILLIS = 60_000;

export class Arrivals {
  /** In order. */
  readonly #instants: number[] = [];

  add(at: number): void {
    this.#instants.push(at);
  }

  get total(): number {
    return this.#instants.length;
  }

  /** Calls within the 60 s before `now`. */
  lastMinute(now: number): number {
    const first = this.#instants.findIndex((at) => at > now - WINDOW_MILLIS);
    return first === -1 ? 0 : this.#instants.length - first;
  }

  /** Milliseconds until one call leaves the 60 s before `now`. */
  untilNextLeaves(now: number): number {
    const first = this.#instants.find((at) => at > now - WINDOW_MILLIS);
    return first === undefined ? 0 : first + WINDOW_MILLIS - now;
  }

  /** Most calls within any 60 s: the most before any one call, itself included. */
  mostInAnyMinute(): number {
    let most = 0;
    let first = 0;
    for (const [index, at] of this.#instants.entries()) {
      while ((this.#instants[first] ?? at) <= at - WINDOW_MILLIS) first++;
      most = Math.max(most, index - first + 1);
    }
    return most;
  }
}
