/**
 * A database server that cached entries are about.
 *
 * Entries are about one by their params: `instance_id`, and `username` for an account on it.
 *
 * @module
 */

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
