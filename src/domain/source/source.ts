/**
 * A source: one upstream that is cached, and what is allowed with it.
 *
 * @module
 */
import type { FreshnessPolicy } from "../entry/freshness.ts";
import { sourceSpace } from "../entry/entry.ts";
import type { RateLimit } from "../quota/rate-limit.ts";
import type { KeyCase } from "./key-spelling.ts";

/** What a client says about a source. Durations are milliseconds. */
export interface SourceSettings {
  readonly name: string;
  readonly baseUrl: string;
  readonly defaultHeaders: Readonly<Record<string, string>>;
  readonly defaultQuery: Readonly<Record<string, string>>;
  readonly rateLimit: RateLimit;
  readonly ttlMillis: number;
  /** `undefined`: follows the TTL. */
  readonly staleWhileRevalidateMillis: number | undefined;
  readonly staleIfErrorMillis: number;
  readonly negativeTtlMillis: number;
  readonly keyTemplate: string;
  readonly keyCase: KeyCase;
  readonly timeoutMillis: number;
  readonly maxBodyBytes: number;
  readonly notModifiedIsFree: boolean;
  /** Most refreshes that may wait at a time. */
  readonly maxQueue: number;
  readonly refresh: "on_demand" | "adaptive";
}

export interface Source extends SourceSettings {
  readonly id: string;
  /** Names the space of its entries; a source made again under the same id has another. */
  readonly epoch: number;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** What a field is when it is not given, or given as `null`. */
export const SOURCE_DEFAULTS = {
  defaultHeaders: {},
  defaultQuery: {},
  rateLimit: { perMinute: 5 },
  ttlMillis: 600_000,
  staleWhileRevalidateMillis: undefined,
  staleIfErrorMillis: 86_400_000,
  negativeTtlMillis: 60_000,
  keyCase: "preserve",
  timeoutMillis: 10_000,
  maxBodyBytes: 5 * 1024 * 1024,
  notModifiedIsFree: false,
  maxQueue: 10_000,
  refresh: "on_demand",
} as const satisfies Partial<SourceSettings>;

/** Ids that are taken by paths of the API. */
export const RESERVED_SOURCE_IDS: readonly string[] = [
  "actions",
  "classification",
  "stats",
];

const SHORTEST_FOLLOWED_TTL_MILLIS = 60_000;

/** How long an answer with `status` may be served; 404 and 410 have no stale window. */
export function freshnessPolicy(source: SourceSettings, status: number): FreshnessPolicy {
  if (isNegative(status)) {
    return {
      ttlMillis: source.negativeTtlMillis,
      staleWhileRevalidateMillis: 0,
      staleIfErrorMillis: 0,
    };
  }
  return {
    ttlMillis: source.ttlMillis,
    staleWhileRevalidateMillis: staleWhileRevalidateMillis(source),
    staleIfErrorMillis: source.staleIfErrorMillis,
  };
}

/** The stale window in force: as set, else the TTL, else a minute where that is 0. */
export function staleWhileRevalidateMillis(source: SourceSettings): number {
  if (source.staleWhileRevalidateMillis !== undefined) {
    return source.staleWhileRevalidateMillis;
  }
  return source.ttlMillis === 0 ? SHORTEST_FOLLOWED_TTL_MILLIS : source.ttlMillis;
}

/** Whether `status` says that there is nothing, which is worth remembering. */
export function isNegative(status: number): boolean {
  return status === 404 || status === 410;
}

/** The space of the source's entries. */
export function spaceOf(source: Pick<Source, "epoch">): string {
  return sourceSpace(source.epoch);
}
