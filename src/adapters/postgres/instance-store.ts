/**
 * Instances in PostgreSQL.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import type { Instance } from "../../domain/instance/instance.ts";
import { InstanceExists } from "../../services/errors.ts";
import { InstanceStore } from "../../services/instance/instance-store.ts";
import { Database } from "./database.ts";
import { violationIn } from "./violations.ts";

export const layer = Layer.effect(
  InstanceStore,
  Effect.gen(function* () {
    const database = yield* Database;

    return InstanceStore.of({
      list: (skip, limit) =>
        database.run("InstanceStore.list", async ({ sql }) => {
          const rows = await sql<(InstanceRow & { total: number })[]>`
            with kept as (select * from instances where deleted_at is null)
            select p.*, t.total from (select count(*) as total from kept) t
            left join (select * from kept order by id offset ${skip} limit ${limit}) p on true
            order by p.id`;
          const instances = rows.filter(({ id }) => id !== null).map(toInstance);
          return { instances, total: rows[0]?.total ?? 0 };
        }),

      find: (id) =>
        database.run("InstanceStore.find", async ({ sql }) => {
          const [row] = await sql<InstanceRow[]>`
            select * from instances where id = ${id} and deleted_at is null`;
          return row && toInstance(row);
        }),

      activeIds: database.run("InstanceStore.activeIds", async ({ sql }) => {
        const rows = await sql<{ id: number }[]>`
          select id from instances where is_active and deleted_at is null order by id`;
        return rows.map(({ id }) => id);
      }),

      insert: Effect.fnUntraced(function* ({ name, dbType, host, port, isActive }) {
        const [row] = yield* database.run(
          "InstanceStore.insert",
          ({ sql }) => sql<InstanceRow[]>`
            insert into instances (name, db_type, host, port, is_active, created_at, updated_at)
            values (${name}, ${dbType}, ${host}, ${port}, ${isActive}, uc_now(), uc_now())
            on conflict (name) where deleted_at is null do nothing
            returning *`,
        );
        return row === undefined ? yield* new InstanceExists({ name }) : toInstance(row);
      }),

      update: Effect.fnUntraced(function* (id, change) {
        const { name = null, dbType = null, host = null, port = null } = change;
        const { isActive = null } = change;
        const outcome = yield* database.run("InstanceStore.update", ({ sql }) =>
          sql<InstanceRow[]>`
            update instances set name = coalesce(${name}, name),
              db_type = coalesce(${dbType}, db_type), host = coalesce(${host}, host),
              port = coalesce(${port}::int, port),
              is_active = coalesce(${isActive}::boolean, is_active), updated_at = uc_now()
            where id = ${id} and deleted_at is null
            returning *`.then(([row]) => row, violationIn),
        );
        if (outcome === undefined) return undefined;
        if (!("_tag" in outcome)) return toInstance(outcome);
        return yield* new InstanceExists({ name: name ?? "" });
      }),

      remove: (id) =>
        database.run("InstanceStore.remove", async ({ sql }) => {
          const removed = await sql`
            update instances set deleted_at = uc_now(), updated_at = uc_now()
            where id = ${id} and deleted_at is null`;
          return removed.count === 1;
        }),
    });
  }),
);

interface InstanceRow {
  readonly id: number;
  readonly name: string;
  readonly db_type: Instance["dbType"];
  readonly host: string;
  readonly port: number;
  readonly is_active: boolean;
  readonly created_at: number;
  readonly updated_at: number;
}

function toInstance(row: InstanceRow): Instance {
  const { id, name, host, port } = row;
  return {
    id,
    name,
    dbType: row.db_type,
    host,
    port,
    isActive: row.is_active,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
