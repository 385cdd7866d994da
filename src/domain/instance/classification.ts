/**
 * Classification rules: entries about a type of database, by their param `db_type`.
 *
 * @module
 */
import type { DataEncoding } from "../entry/entry.ts";
import { type PurgeSelection, wantedParams } from "../entry/purge.ts";
import { DB_TYPES, type DbType } from "./instance.ts";

/** The param that such entries have. */
export const DB_TYPE_PARAM = "db_type";

/** What stands for every type at once. */
const ALL_TYPES = "all";

/** The type that a client means, in whatever case and with spaces around; `undefined` for none. */
export function dbTypeFrom(text: string): DbType | undefined {
  const name = text.trim().toLowerCase();
  return DB_TYPES.find((type) => type === name);
}

/** The rules of a type, and those that are of all types; without a type, every rule. */
export function rulesOf(dbType: DbType | undefined): readonly PurgeSelection[] {
  if (dbType === undefined) return [{ _tag: "Matching", paramNamed: DB_TYPE_PARAM }];
  return [dbType, ALL_TYPES].map((value) => ({
    _tag: "Matching",
    params: wantedParams({ [DB_TYPE_PARAM]: value }),
  }));
}

/**
 * How many rules a stored answer holds: the length of an array, or of an object's array
 * `rules`; anything else is one rule.
 *
 * @example An array of rules, and anything else
 * ```ts
 * import { rulesIn } from "./classification.ts";
 *
 * rulesIn("json", new TextEncoder().encode('{"rules": [{}, {}]}')); // => 2
 * rulesIn("json", new TextEncoder().encode('"one"')); // => 1
 * ```
 */
export function rulesIn(encoding: DataEncoding, body: Uint8Array): number {
  if (encoding !== "json") return 1;
  const data: unknown = JSON.parse(new TextDecoder().decode(body));
  if (Array.isArray(data)) return data.length;
  if (typeof data !== "object" || data === null || !("rules" in data)) return 1;
  return Array.isArray(data.rules) ? data.rules.length : 1;
}
