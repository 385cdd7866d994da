/**
 * The tables, as Drizzle sees them; `drizzle/` holds the migrations made from here.
 *
 * Every instant is a whole number of Unix milliseconds of the database's clock.
 *
 * @module
 */
import { sql } from "drizzle-orm";
import {
  bigint,
  boolean,
  customType,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  smallint,
  text,
  uniqueIndex,
} from "drizzle-orm/pg-core";
import type { ProjectGrant } from "../../domain/access/caller.ts";
import type { DbType } from "../../domain/instance/instance.ts";
import type { RateLimit } from "../../domain/quota/rate-limit.ts";
import type { Change } from "../../domain/change.ts";

const bytea = customType<{ data: Uint8Array; driverData: Uint8Array }>({
  dataType: () => "bytea",
});

/** Byte order, so that a page of keys continues where the one before ended. */
const byteOrderedText = customType<{ data: string }>({
  dataType: () => 'text COLLATE "C"',
});

const instant = () => bigint({ mode: "number" });

export const sources = pgTable("sources", {
  id: text().primaryKey(),
  /** Names the space of the source's entries; a source made again gets another. */
  epoch: bigint({ mode: "number" }).notNull(),
  name: text().notNull(),
  baseUrl: text().notNull(),
  /** Default headers and query under AES-256-GCM, by the key `keyId` names. */
  sealed: bytea().notNull(),
  keyId: text().notNull(),
  rateLimit: jsonb().$type<RateLimit>().notNull(),
  ttlMillis: bigint({ mode: "number" }).notNull(),
  staleWhileRevalidateMillis: bigint({ mode: "number" }),
  staleIfErrorMillis: bigint({ mode: "number" }).notNull(),
  negativeTtlMillis: bigint({ mode: "number" }).notNull(),
  keyTemplate: text().notNull(),
  keyCase: text().$type<"preserve" | "lower">().notNull(),
  timeoutMillis: integer().notNull(),
  maxBodyBytes: integer().notNull(),
  notModifiedIsFree: boolean().notNull(),
  maxQueue: integer().notNull(),
  refresh: text().$type<"on_demand" | "adaptive">().notNull(),
  createdAt: instant().notNull(),
  updatedAt: instant().notNull(),
});

/** Entries kept when their source was deleted; a source of the same id and origin adopts them. */
export const retainedSpaces = pgTable("retained_spaces", {
  sourceId: text().primaryKey(),
  epoch: bigint({ mode: "number" }).notNull(),
  origin: text().notNull(),
  retainedAt: instant().notNull(),
});

/** Spaces that no source has any more; their entries can't be read and are swept. */
export const abandonedSpaces = pgTable("abandoned_spaces", {
  space: text().primaryKey(),
});

/** No index on an instant: a renewal then changes no index and stays in its page (HOT). */
export const entries = pgTable(
  "entries",
  {
    id: bigint({ mode: "number" }).primaryKey().generatedAlwaysAsIdentity(),
    space: text().notNull(),
    key: byteOrderedText().notNull(),
    /** SHA-256 of space and key: a key may be longer than an index row. */
    keyHash: bytea().notNull(),
    variant: text().notNull().default(""),
    status: smallint().notNull(),
    headers: jsonb().$type<readonly (readonly [string, string])[]>().notNull(),
    contentType: text(),
    encoding: text().$type<"json" | "text" | "base64">().notNull(),
    body: bytea().notNull(),
    etag: text().notNull(),
    params: jsonb().$type<Readonly<Record<string, string>>>().notNull(),
    storedAt: instant().notNull(),
    freshUntil: instant().notNull(),
    staleUntil: instant().notNull(),
    fallbackUntil: instant().notNull(),
    /** When the call that last confirmed this entry was sent, and when its answer came. */
    requestAt: instant().notNull(),
    responseAt: instant().notNull(),
  },
  (table) => [
    uniqueIndex("entries_key_hash_variant").on(table.keyHash, table.variant),
    index("entries_space_key").on(table.space, table.key),
    index("entries_params").using("gin", table.params.op("jsonb_path_ops")),
  ],
);

/** Call ledger and cooldown by source id; outlives the source. */
export const quotas = pgTable("quotas", {
  sourceId: text().primaryKey(),
  state: text().notNull(),
  cooldownUntil: instant(),
  cooldownStreak: integer().notNull().default(0),
});

export const tasks = pgTable(
  "tasks",
  {
    id: text().primaryKey(),
    /** First come, first served within one priority. */
    place: bigint({ mode: "number" }).notNull().generatedAlwaysAsIdentity(),
    sourceId: text().notNull(),
    space: text().notNull(),
    key: byteOrderedText().notNull(),
    keyHash: bytea().notNull(),
    priority: smallint().notNull(),
    state: text().$type<"queued" | "running" | "succeeded" | "failed">().notNull(),
    /** Given to a caller, who may ask about it for a day after its end. */
    told: boolean().notNull(),
    /** An entry answered after this instant makes the call needless; none does for `null`. */
    newerThan: instant(),
    errorCode: text(),
    errorDetail: text(),
    queuedAt: instant().notNull(),
    startedAt: instant(),
    endedAt: instant(),
    leaseUntil: instant(),
    leasedBy: text(),
  },
  (table) => [
    uniqueIndex("tasks_one_unfinished_per_key")
      .on(table.keyHash)
      .where(sql`state in ('queued', 'running')`),
    index("tasks_queue")
      .on(table.sourceId, table.priority, table.place)
      .where(sql`state = 'queued'`),
    index("tasks_running")
      .on(table.leaseUntil)
      .where(sql`state = 'running'`),
    index("tasks_by_key").on(table.keyHash, table.place),
    index("tasks_by_source").on(table.sourceId, table.id),
    index("tasks_by_state").on(table.state, table.id),
  ],
);

/** The last failed refresh of a key, so that readers don't ask again at once. */
export const backoffs = pgTable("backoffs", {
  keyHash: bytea().primaryKey(),
  /** Failures in a row. */
  failures: integer().notNull(),
  failedAt: instant().notNull(),
  until: instant().notNull(),
  errorCode: text().notNull(),
  errorDetail: text().notNull(),
});

/** The one row whose lock puts all changes in order. */
export const changeHead = pgTable("change_head", {
  seq: bigint({ mode: "number" }).primaryKey(),
});

export const changes = pgTable("changes", {
  seq: bigint({ mode: "number" }).primaryKey(),
  loggedAt: instant().notNull(),
  kind: text().notNull(),
  change: jsonb().$type<Change>().notNull(),
});

/** Live processes, and how far each has applied the change log. */
export const processes = pgTable("processes", {
  id: text().primaryKey(),
  startedAt: instant().notNull(),
  heardAt: instant().notNull(),
  appliedSeq: bigint({ mode: "number" }).notNull(),
});

/** What was answered to a request that names itself, for whoever sends it again. */
export const idempotencyKeys = pgTable(
  "idempotency_keys",
  {
    caller: text().notNull(),
    key: text().notNull(),
    /** SHA-256 of method, path, query and body. */
    fingerprint: bytea().notNull(),
    begunAt: instant().notNull(),
    /** While the first request runs; `null` once it was answered. */
    leaseUntil: instant(),
    status: smallint(),
    headers: jsonb().$type<readonly (readonly [string, string])[]>(),
    body: bytea(),
  },
  (table) => [
    primaryKey({ columns: [table.caller, table.key] }),
    index("idempotency_keys_begun_at").on(table.begunAt),
  ],
);

/** Totals of the whole cluster; processes add to them in batches. */
export const counters = pgTable("counters", {
  name: text().primaryKey(),
  value: bigint({ mode: "number" }).notNull(),
});

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

/** Tries to log in, by name and address, in the window that began then. */
export const loginAttempts = pgTable(
  "login_attempts",
  {
    /** SHA-256 of name and address. */
    hash: bytea().primaryKey(),
    windowBeganAt: instant().notNull(),
    attempts: integer().notNull(),
  },
  (table) => [index("login_attempts_window_began_at").on(table.windowBeganAt)],
);

/** Database servers that entries are about. */
export const instances = pgTable(
  "instances",
  {
    id: integer().primaryKey().generatedAlwaysAsIdentity(),
    name: text().notNull(),
    dbType: text().$type<DbType>().notNull(),
    host: text().notNull(),
    port: integer().notNull(),
    isActive: boolean().notNull(),
    createdAt: instant().notNull(),
    updatedAt: instant().notNull(),
    /** Deleted softly: the name is free again. */
    deletedAt: instant(),
  },
  (table) => [
    uniqueIndex("instances_name")
      .on(table.name)
      .where(sql`deleted_at is null`),
  ],
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
