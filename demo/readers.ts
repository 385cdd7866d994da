/**
 * Many readers at once, who don't wait for each other.
 *
 * @module
 */
import { setTimeout as pause } from "node:timers/promises";

export interface Demand {
  readonly perSecond: number;
  readonly seconds: number;
  /** One read, begun at its time whatever became of those before. */
  readonly read: () => Promise<void>;
  readonly stop: AbortSignal;
}

/** Resolves when the last read has its answer; rejects as soon as `stop` aborts. */
export async function readSteadily(demand: Demand): Promise<void> {
  const { perSecond, seconds, read, stop } = demand;
  const startedAt = performance.now();
  const underWay = new Set<Promise<void>>();
  for (let begun = 0; begun < seconds * perSecond; begun++) {
    const wait = startedAt + (begun * 1000) / perSecond - performance.now();
    if (wait > 0) await pause(wait, undefined, { signal: stop });
    const reading = read().finally(() => underWay.delete(reading));
    underWay.add(reading);
  }
  const left = startedAt + seconds * 1000 - performance.now();
  if (left > 0) await pause(left, undefined, { signal: stop });
  await Promise.all(underWay);
}
