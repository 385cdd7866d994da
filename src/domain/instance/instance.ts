/**
 * A database server that cached entries are about.
 *
 * Entries are about one by their params: `instance_id`, and `username` for an account on it.
 *
 * @module
 */
import { type PurgeSelection, wantedParams } from "../entry/purge.ts";

export const DB_TYPES = ["mysql", "postgresql", "sqlserver", "oracle"] as const;

export type DbType = (typeof DB_TYPES)[number];

/** Instants are Unix milliseconds. */
export interface Instance {
  readonly id: number;
  readonly name: string;
  readonly dbType: DbType;
  readonly host: string;
  readonly port: number;
  readonly isActive: boolean;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** What a client says of an instance. */
export type InstanceDraft = Pick<
  Instance,
  "name" | "dbType" | "host" | "port" | "isActive"
>;

/** What may be changed of an instance; what is `undefined` stays. */
export type InstanceChange = {
  readonly [Field in keyof InstanceDraft]?: InstanceDraft[Field] | undefined;
};

/** Ids are whole numbers from 1 to here; no instance has one beyond. */
export const LARGEST_INSTANCE_ID = 2_147_483_647;

/** What is cleared, by its name: two clears of the same name are kept apart. */
export function nameOfClear(instanceId: number, username?: string): string {
  const instance = `instance ${instanceId}`;
  return username === undefined ? instance : `user "${username}" of ${instance}`;
}

/** Every entry about an instance, or about one account on it. */
export function entriesAbout(instanceId: number, username?: string): PurgeSelection {
  const about = { instance_id: String(instanceId) };
  return {
    _tag: "Matching",
    params: wantedParams(username === undefined ? about : { ...about, username }),
  };
}
