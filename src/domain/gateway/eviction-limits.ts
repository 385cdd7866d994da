/**
 * When entries beyond a capacity are evicted, and how many.
 *
 * @module
 */

/** From here on counting takes so long that it has to begin before the capacity is reached. */
const LARGE = 20_000;

export interface EvictionLimits {
  /** Above as many entries some are evicted. */
  readonly capacity: number;
  /** As many are left then. */
  readonly target: number;
}

/**
 * The limits for a capacity: exactly that, or of a large one a hundredth below, for what is
 * stored while it is counted.
 *
 * @example A capacity of three, of ten thousand and of a million
 * ```ts
 * import { evictionLimits } from "./eviction-limits.ts";
 *
 * evictionLimits(3); // => { capacity: 3, target: 3 }
 * evictionLimits(10_000); // => { capacity: 10_000, target: 9_900 }
 * evictionLimits(1_000_000); // => { capacity: 990_000, target: 980_000 }
 * ```
 */
export function evictionLimits(capacity: number): EvictionLimits {
  const hundredth = Math.floor(capacity / 100);
  const most = capacity > LARGE ? capacity - hundredth : capacity;
  return { capacity: most, target: most - hundredth };
}
