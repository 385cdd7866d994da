/**
 * How a stored response ages.
 *
 * A response is fresh until its TTL runs out, then stale while a refresh may run
 * behind it, then kept only as a fallback for a failing upstream, then expired.
 *
 * Every number is milliseconds. Names ending in `At` or `Until` are instants on
 * the Unix clock; names ending in `Millis` are durations.
 *
 * Source: RFC 9111 §4.2 (freshness), RFC 5861 §3 and §4 (the two stale windows).
 *
 * @module
 */

/** What a source allows for the responses it owns. Every duration is ≥ 0. */
export interface FreshnessPolicy {
  readonly ttlMillis: number;
  readonly staleWhileRevalidateMillis: number;
  readonly staleIfErrorMillis: number;
}

/**
 * The instants at which one stored response changes state.
 *
 * Fixed when the response is stored, so a later change of policy never rewrites
 * the past. Always `storedAt ≤ freshUntil ≤ staleUntil ≤ fallbackUntil`.
 */
export interface Lifetime {
  readonly storedAt: number;
  readonly freshUntil: number;
  readonly staleUntil: number;
  readonly fallbackUntil: number;
}

/** The state of a stored response at one instant. */
export type Freshness = "fresh" | "stale" | "fallback" | "expired";

/**
 * Fixes the lifetime of a response stored at `storedAt`.
 *
 * @example A ten-minute TTL with a one-minute revalidation window
 * ```ts
 * import { lifetimeFrom } from "./freshness.ts";
 *
 * const lifetime = lifetimeFrom(0, {
 *   ttlMillis: 600_000,
 *   staleWhileRevalidateMillis: 60_000,
 *   staleIfErrorMillis: 0,
 * });
 * lifetime.staleUntil; // => 660_000
 * ```
 */
export function lifetimeFrom(storedAt: number, policy: FreshnessPolicy): Lifetime {
  const freshUntil = storedAt + policy.ttlMillis;
  const staleUntil = freshUntil + policy.staleWhileRevalidateMillis;
  // The two stale windows both start at freshUntil; they do not add up.
  const fallbackUntil = Math.max(staleUntil, freshUntil + policy.staleIfErrorMillis);
  return { storedAt, freshUntil, staleUntil, fallbackUntil };
}

/** Classifies a lifetime at `now`. Each boundary instant belongs to the later state. */
export function freshnessAt(lifetime: Lifetime, now: number): Freshness {
  if (now < lifetime.freshUntil) return "fresh";
  if (now < lifetime.staleUntil) return "stale";
  if (now < lifetime.fallbackUntil) return "fallback";
  return "expired";
}

/** Whole seconds since storage, as the `Age` header wants them; never negative. */
export function ageSeconds(lifetime: Lifetime, now: number): number {
  return Math.max(0, Math.floor((now - lifetime.storedAt) / 1000));
}
