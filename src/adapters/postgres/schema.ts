/**
 * The tables, as Drizzle sees them; `drizzle/` holds the migrations made from here,
 * `schema-access.ts` and `schema-gateway.ts`.
 *
 * @module
 */
import { sql } from "drizzle-orm";
import {
  bigint,
  boolean,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  smallint,
  text,
  uniqueIndex,
} from "drizzle-orm/pg-core";
import type { DbType } from "../../domain/instance/instance.ts";
import type { RateLimit } from "../../domain/quota/rate-limit.ts";
import type { Change } from "../../domain/change.ts";
import type { StoredResponse } from "../../domain/gateway/stored-response.ts";
import { byteOrderedText, bytea, instant } from "./columns.ts";

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

/** What an entry of the gateway has besides. */
export type ResponseRules = Pick<
  StoredResponse,
  "selecting" | "policy" | "withCredentials"
>;

/** Entries kept when their source was deleted; a source of the same id and origin adopts them. */
export const retainedSpaces = pgTable("retained_spaces", {
  sourceId: text().primaryKey(),
  epoch: bigint({ mode: "number" }).notNull(),
  origin: text().notNull(),
  /** `null` in a row from before it was noted: either is possible. */
  keyCase: text().$type<"preserve" | "lower">(),
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
    /** Of the gateway's responses: when it was last used, some seconds late. */
    usedAt: instant(),
    /** Of the gateway's responses: how they are chosen among, and kept. */
    response: jsonb().$type<ResponseRules>(),
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

/** Requests of the gateway that wait for a source's next call, ahead of every task. */
export const callWaiters = pgTable(
  "call_waiters",
  {
    id: text().primaryKey(),
    sourceId: text().notNull(),
    /** It does not wait longer. */
    until: instant().notNull(),
  },
  (table) => [index("call_waiters_source_id").on(table.sourceId)],
);
