/**
 * What became of the reads so far.
 *
 * @module
 */
import type { Label, Read } from "./client.ts";

export class Tally {
  readonly #counts: Record<Label, number> = { HIT: 0, STALE: 0, MISS: 0 };
  readonly #paths = new Set<string>();
  readonly #cacheMillis: number[] = [];
  readonly #failures: string[] = [];

  add({ label, path, status, startedAt, endedAt }: Read): void {
    this.#counts[label]++;
    this.#paths.add(path);
    if (status === 200) this.#cacheMillis.push(endedAt - startedAt);
  }

  addFailure(reason: string): void {
    this.#failures.push(reason);
  }

  get failures(): readonly string[] {
    return this.#failures;
  }

  get reads(): number {
    const { HIT, STALE, MISS } = this.#counts;
    return HIT + STALE + MISS + this.#failures.length;
  }

  /** Different keys asked for. */
  get keys(): number {
    return this.#paths.size;
  }

  count(label: Label): number {
    return this.#counts[label];
  }

  /** Of the reads with an answer. */
  shares(): Record<Label, number> {
    const { HIT, STALE, MISS } = this.#counts;
    const all = Math.max(1, HIT + STALE + MISS);
    return { HIT: HIT / all, STALE: STALE / all, MISS: MISS / all };
  }

  /** Milliseconds within which that share of the answers with data came. */
  quantile(share: number): number {
    const sorted = this.#cacheMillis.toSorted((a, b) => a - b);
    return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  }
}
