/**
 * The audit trail in PostgreSQL.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import { Actor } from "../../services/audit/actor.ts";
import {
  type Act,
  Audit,
  type AuditFilter,
  type AuditRecord,
} from "../../services/audit/audit.ts";
import { Database } from "./database.ts";
import type { Connection } from "./pool.ts";

type Sql = Connection["sql"];

export const layer = Layer.effect(
  Audit,
  Effect.map(Database, (database) =>
    Audit.of({
      record: Effect.fnUntraced(function* ({ action, target, details = {} }) {
        const { actor, actorName, address, requestId } = yield* Actor;
        yield* database.run("Audit.record", async ({ sql }) => {
          await sql`
            insert into audit_records
              (at, actor, actor_name, address, request_id, action, target, details)
            values (uc_now(), ${actor}, ${actorName}, ${address ?? null},
              ${requestId ?? null}, ${action}, ${target}, ${toJson(details)}::text::jsonb)`;
        });
      }),
      list: (filter, limit) =>
        database.run("Audit.list", async ({ sql }) => {
          const rows = await pageOfRecords(sql, filter, limit);
          return rows.map(toRecord);
        }),
    }),
  ),
);

/** The index on `at` gives the order; records of one instant are sorted by their ids. */
function pageOfRecords(sql: Sql, filter: AuditFilter, limit: number) {
  const { action, actor, from, to, before } = filter;
  const ofAction = action === undefined ? sql`` : sql`and action = ${action}`;
  const ofActor = actor === undefined ? sql`` : sql`and actor = ${actor}`;
  const since = from === undefined ? sql`` : sql`and at >= ${from}::bigint`;
  const until = to === undefined ? sql`` : sql`and at < ${to}::bigint`;
  const older =
    before === undefined
      ? sql``
      : sql`and (at, id) < (${before.at}::bigint, ${before.id}::bigint)`;
  return sql<Row[]>`
    select * from audit_records where true ${ofAction} ${ofActor} ${since} ${until} ${older}
    order by at desc, id desc limit ${limit}`;
}

interface Row {
  readonly id: number;
  readonly at: number;
  readonly actor: string;
  readonly actor_name: string;
  readonly address: string | null;
  readonly request_id: string | null;
  readonly action: AuditRecord["action"];
  readonly target: string;
  readonly details: AuditRecord["details"];
}

function toRecord(row: Row): AuditRecord {
  const { id, at, actor, action, target, details } = row;
  return {
    id,
    at,
    actor,
    actorName: row.actor_name,
    address: row.address ?? undefined,
    requestId: row.request_id ?? undefined,
    action,
    target,
    details,
  };
}

/** JSON that `jsonb` takes: it has no place for NUL and for half a surrogate pair. */
function toJson(details: NonNullable<Act["details"]>): string {
  return JSON.stringify(details, (_, value: unknown) =>
    typeof value === "string" ? value.toWellFormed().replaceAll("\0", "\uFFFD") : value,
  );
}
