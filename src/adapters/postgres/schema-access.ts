/**
 * The tables of who is calling, and of what was done.
 *
 * @module
 */
import { bigint, boolean, index, jsonb, pgTable, text } from "drizzle-orm/pg-core";
import type { ProjectGrant } from "../../domain/access/caller.ts";
import { bytea, instant } from "./columns.ts";

export const tokens = pgTable("tokens", {
  id: text().primaryKey(),
  name: text().notNull(),
  role: text().$type<"admin" | "user" | "guest">().notNull(),
  /** SHA-256 of the token; the token itself is never stored. */
  hash: bytea().notNull().unique(),
  /** The only sources and projects it may touch; `null`: any. */
  sources: jsonb().$type<readonly string[]>(),
  projects: jsonb().$type<readonly ProjectGrant[]>(),
  createdAt: instant().notNull(),
  expiresAt: instant(),
  lastUsedAt: instant(),
});

export const users = pgTable("users", {
  id: bigint({ mode: "number" }).primaryKey().generatedAlwaysAsIdentity(),
  username: text().notNull().unique(),
  role: text().$type<"admin" | "user" | "guest">().notNull(),
  passwordHash: text().notNull(),
  isActive: boolean().notNull(),
  createdAt: instant().notNull(),
  updatedAt: instant(),
});

/** Who is logged in. What the cookie holds is never stored. */
export const sessions = pgTable(
  "sessions",
  {
    /** SHA-256 of the cookie's value. */
    hash: bytea().primaryKey(),
    userId: bigint({ mode: "number" })
      .notNull()
      .references(() => users.id, { onDelete: "cascade" }),
    createdAt: instant().notNull(),
    seenAt: instant().notNull(),
    /** It ends then, however much it is used. */
    endsAt: instant().notNull(),
  },
  (table) => [
    index("sessions_user_id").on(table.userId),
    index("sessions_seen_at").on(table.seenAt),
  ],
);

/** Tries to log in that count: of each name from each network, and of each network. */
export const loginAttempts = pgTable(
  "login_attempts",
  {
    /** SHA-256 of what they have in common. */
    hash: bytea().primaryKey(),
    /** When each was made, oldest first. */
    triedAt: instant().array().notNull(),
    /** From here on none of them counts. */
    endsAt: instant().notNull(),
  },
  (table) => [index("login_attempts_ends_at").on(table.endsAt)],
);

/** Who changed what, when and from where; committed with the change. */
export const auditRecords = pgTable(
  "audit_records",
  {
    id: bigint({ mode: "number" }).primaryKey().generatedAlwaysAsIdentity(),
    at: instant().notNull(),
    /** `token:…`, `user:…` or `system`. */
    actor: text().notNull(),
    actorName: text().notNull(),
    address: text(),
    requestId: text(),
    action: text().notNull(),
    target: text().notNull(),
    details: jsonb().$type<Readonly<Record<string, unknown>>>().notNull(),
  },
  (table) => [index("audit_records_at").on(table.at)],
);
