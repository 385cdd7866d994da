/**
 * When calls reached the upstream, by its own monotonic clock, and what that says about a
 * quota and about the order of the queue.
 *
 * A stall of the counting process makes a call look later than it was. The longest one is
 * measured, and is all that a window may be shorter for when it is judged.
 *
 * @module
 */
import { type Answer, type CountingUpstream } from "../support/counting-upstream.ts";

export interface Arrival {
  readonly target: string;
  /** Monotonic milliseconds. */
  readonly at: number;
}

export interface ArrivalLog extends Disposable {
  readonly arrivals: Arrival[];
  /** The longest time that this process did not look at its sockets. */
  stallMillis(): number;
}

const LOOK_MILLIS = 5;

/** Logs every call to `upstream`, which from now on answers with `answer`. */
export function logArrivals(upstream: CountingUpstream, answer: Answer): ArrivalLog {
  const arrivals: Arrival[] = [];
  let stall = 0;
  let lookedAt = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    stall = Math.max(stall, now - lookedAt - LOOK_MILLIS);
    lookedAt = now;
  }, LOOK_MILLIS);
  upstream.answer((request, response) => {
    arrivals.push({ target: request.url ?? "", at: performance.now() });
    answer(request, response);
  });
  return {
    arrivals,
    stallMillis: () => stall,
    [Symbol.dispose]: () => clearInterval(timer),
  };
}

/** The most arrivals in any `windowMillis`, its end excluded. */
export function mostWithin(arrivals: readonly Arrival[], windowMillis: number): number {
  let most = 0;
  let first = 0;
  for (const [index, { at }] of arrivals.entries()) {
    while (at - (arrivals[first]?.at ?? at) >= windowMillis) first += 1;
    most = Math.max(most, index - first + 1);
  }
  return most;
}

/** The arrivals of each whole window of `windowMillis`, counted from the first arrival. */
export function perWindow(
  arrivals: readonly Arrival[],
  windowMillis: number,
  windows: number,
): readonly number[] {
  const startedAt = arrivals[0]?.at ?? 0;
  const counts = Array.from({ length: windows }, () => 0);
  for (const { at } of arrivals) {
    const window = Math.floor((at - startedAt) / windowMillis);
    if (window < windows) counts[window] = (counts[window] ?? 0) + 1;
  }
  return counts;
}

/**
 * How many pairs arrived against their places in the queue, those left out that came
 * within `togetherMillis`: calls that are claimed together go out side by side.
 */
export function orderViolations(
  arrivals: readonly Arrival[],
  places: ReadonlyMap<string, number>,
  togetherMillis: number,
): number {
  const placed = arrivals.flatMap(({ target, at }) => {
    const place = places.get(target);
    return place === undefined ? [] : [{ place, at }];
  });
  return placed.reduce(
    (violations, early, index) =>
      violations +
      placed
        .slice(index + 1)
        .filter((late) => late.place < early.place && late.at - early.at > togetherMillis)
        .length,
    0,
  );
}
