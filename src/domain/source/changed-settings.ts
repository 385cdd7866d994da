/**
 * What a change of a source's settings changed, as it may be told.
 *
 * Fields are named as clients name them. Where calls go and how many of them is told with
 * the values; of what may be secret, only that it changed.
 *
 * @module
 */
import type { RateLimit } from "../quota/rate-limit.ts";
import type { SourceSettings } from "./source.ts";

const names: Readonly<Record<keyof SourceSettings, string>> = {
  name: "name",
  baseUrl: "base_url",
  defaultHeaders: "default_headers",
  defaultQuery: "default_query",
  rateLimit: "rate_limit",
  ttlMillis: "cache_ttl_s",
  staleWhileRevalidateMillis: "stale_while_revalidate_s",
  staleIfErrorMillis: "stale_if_error_s",
  negativeTtlMillis: "negative_ttl_s",
  keyTemplate: "key_template",
  keyCase: "key_case",
  timeoutMillis: "timeout_ms",
  maxBodyBytes: "max_body_bytes",
  notModifiedIsFree: "not_modified_is_free",
  maxQueue: "max_queue",
  refresh: "refresh",
};

const fields = Object.keys(names) as readonly (keyof SourceSettings)[];

interface FromTo<A> {
  readonly from: A;
  readonly to: A;
}

export interface ChangedSettings {
  /** The names of the fields whose values are others now. */
  readonly fields: readonly string[];
  readonly base_url?: FromTo<string>;
  readonly rate_limit?: FromTo<Readonly<Record<string, number>>>;
}

export function changedSettings(
  before: SourceSettings,
  after: SourceSettings,
): ChangedSettings {
  const changed = fields.filter((field) => !same(before[field], after[field]));
  return {
    fields: changed.map((field) => names[field]),
    ...(changed.includes("baseUrl")
      ? { base_url: { from: before.baseUrl, to: after.baseUrl } }
      : {}),
    ...(changed.includes("rateLimit")
      ? { rate_limit: { from: told(before.rateLimit), to: told(after.rateLimit) } }
      : {}),
  };
}

/** A limit as clients write it: `{per_minute: 5, burst: 2}`. */
export function told(limit: RateLimit): Readonly<Record<string, number>> {
  const entries = Object.entries(limit).flatMap(([name, value]) =>
    typeof value === "number" ? [[snakeCase(name), value] as const] : [],
  );
  return Object.fromEntries(entries);
}

const snakeCase = (name: string) =>
  name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** Both are plain values or flat objects of them, whose order of names means nothing. */
function same(a: unknown, b: unknown): boolean {
  if (typeof a !== "object" || typeof b !== "object") return a === b;
  return JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
}

const sorted = (value: object | null) =>
  Object.entries(value ?? {})
    .filter(([, inner]) => inner !== undefined)
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
