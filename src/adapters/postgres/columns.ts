/**
 * Kinds of columns that several tables have.
 *
 * @module
 */
import { bigint, customType } from "drizzle-orm/pg-core";

export const bytea = customType<{ data: Uint8Array; driverData: Uint8Array }>({
  dataType: () => "bytea",
});

/** Byte order, so that a page of keys continues where the one before ended. */
export const byteOrderedText = customType<{ data: string }>({
  dataType: () => 'text COLLATE "C"',
});

/** A whole number of Unix milliseconds of the database's clock. */
export const instant = () => bigint({ mode: "number" });
