/**
 * API proxies in PostgreSQL.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import type { ApiProxy } from "../../domain/api-proxy/api-proxy.ts";
import type { CacheSettings } from "../../domain/api-proxy/cache-settings.ts";
import {
  ApiProxyExists,
  ApiProxyNotFound,
  ProjectNotFound,
} from "../../services/api-proxy/errors.ts";
import { SourceNotFound } from "../../services/errors.ts";
import { ProxyStore } from "../../services/api-proxy/proxy-store.ts";
import { Database } from "./database.ts";
import type { Connection } from "./pool.ts";
import { type Violation, violationIn } from "./violations.ts";

type Sql = Connection["sql"];

interface Row {
  readonly id: number;
  readonly project_name: string;
  readonly name: string;
  readonly description: string | null;
  readonly source_id: string;
  readonly access: ApiProxy["access"];
  readonly creation_type: ApiProxy["creationType"];
  readonly settings: CacheSettings | null;
  readonly created_at: number;
  readonly updated_at: number;
}

export const layer = Layer.effect(
  ProxyStore,
  Effect.gen(function* () {
    const database = yield* Database;

    /** The project, and one row of it at most, in one round trip. */
    const found = Effect.fnUntraced(function* (
      operation: string,
      projectName: string,
      name: string,
      locking: (sql: Sql) => ReturnType<Sql>,
    ) {
      const { known, row } = yield* database.run(operation, async ({ sql }) => {
        const [projects, rows] = await Promise.all([
          sql`select 1 from projects where name = ${projectName}`,
          sql<Row[]>`
            select * from api_proxies
            where project_name = ${projectName} and name = ${name} ${locking(sql)}`,
        ]);
        return { known: projects.count === 1, row: rows[0] };
      });
      if (row !== undefined) return toProxy(row);
      if (!known) return yield* new ProjectNotFound({ project: projectName });
      return yield* new ApiProxyNotFound({ apiProxy: name });
    });

    return ProxyStore.of({
      all: database.run("ProxyStore.all", async ({ sql }) => {
        const rows = await sql<Row[]>`select * from api_proxies`;
        return rows.map(toProxy);
      }),

      list: Effect.fnUntraced(function* (projectName) {
        const { known, rows } = yield* database.run(
          "ProxyStore.list",
          async ({ sql }) => {
            const [projects, rows] = await Promise.all([
              sql`select 1 from projects where name = ${projectName}`,
              sql<Row[]>`
                select * from api_proxies where project_name = ${projectName}
                order by name`,
            ]);
            return { known: projects.count === 1, rows };
          },
        );
        if (!known) return yield* new ProjectNotFound({ project: projectName });
        return rows.map(toProxy);
      }),

      find: (projectName, name) =>
        found("ProxyStore.find", projectName, name, (sql) => sql``),

      findById: (id) =>
        database.run("ProxyStore.findById", async ({ sql }) => {
          const [row] = await sql<Row[]>`select * from api_proxies where id = ${id}`;
          return row && toProxy(row);
        }),

      lock: (projectName, name) =>
        found("ProxyStore.lock", projectName, name, (sql) => sql`for update`),

      insert: Effect.fnUntraced(function* (projectName, draft) {
        const { name, description, sourceId, access, creationType } = draft;
        const outcome = yield* database.run("ProxyStore.insert", ({ sql }) =>
          sql<Row[]>`
            insert into api_proxies (project_name, name, description, source_id, access,
              creation_type, created_at, updated_at)
            values (${projectName}, ${name}, ${description ?? null}, ${sourceId},
              ${access}, ${creationType}, uc_now(), uc_now())
            returning *`.then(([row]) => row, violationIn),
        );
        if (outcome === undefined) throw new Error("Expected the new API proxy");
        if (!("_tag" in outcome)) return toProxy(outcome);
        if (outcome.constraint.includes("project")) {
          return yield* new ProjectNotFound({ project: projectName });
        }
        return yield* refusal(outcome, name, sourceId);
      }),

      holdSource: Effect.fnUntraced(function* (sourceId) {
        const held = yield* database.run(
          "ProxyStore.holdSource",
          ({ sql }) => sql`select 1 from sources where id = ${sourceId} for key share`,
        );
        if (held.count === 0) return yield* new SourceNotFound({ sourceId });
      }),

      update: Effect.fnUntraced(function* (proxy, change) {
        const { name, description, sourceId, access } = { ...proxy, ...change };
        const outcome = yield* database.run("ProxyStore.update", ({ sql }) =>
          sql<Row[]>`
            update api_proxies set name = ${name}, description = ${description ?? null},
              source_id = ${sourceId}, access = ${access}, updated_at = uc_now()
            where id = ${proxy.id} returning *`.then(([row]) => row, violationIn),
        );
        if (outcome === undefined) throw new Error("Expected a locked API proxy");
        if (!("_tag" in outcome)) return toProxy(outcome);
        return yield* refusal(outcome, name, sourceId);
      }),

      saveSettings: (id, settings) =>
        database.run("ProxyStore.saveSettings", async ({ sql }) => {
          await sql`
            update api_proxies set settings = ${JSON.stringify(settings)}::text::jsonb,
              updated_at = uc_now() where id = ${id}`;
        }),

      remove: (id) =>
        database.run("ProxyStore.remove", async ({ sql }) => {
          await sql`delete from api_proxies where id = ${id}`;
        }),

      overSource: (sourceId) =>
        database.run("ProxyStore.overSource", async ({ sql }) => {
          const rows = await sql<Row[]>`
            select * from api_proxies where source_id = ${sourceId}
            order by project_name, name`;
          return rows.map(toProxy);
        }),
    });
  }),
);

/** Of two of one name the later fails; so does one over a source that is gone by then. */
function refusal({ kind }: Violation, name: string, sourceId: string) {
  return kind === "unique"
    ? new ApiProxyExists({ apiProxy: name })
    : new SourceNotFound({ sourceId });
}

function toProxy(row: Row): ApiProxy {
  const { id, name, access, description, settings } = row;
  return {
    id,
    projectName: row.project_name,
    name,
    description: description ?? undefined,
    sourceId: row.source_id,
    access,
    creationType: row.creation_type,
    settings: settings ?? undefined,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
