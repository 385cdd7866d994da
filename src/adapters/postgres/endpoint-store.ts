/**
 * The endpoints of API proxies in PostgreSQL.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import type { Endpoint, EndpointMethod } from "../../domain/api-proxy/api-proxy.ts";
import type { CacheSettings } from "../../domain/api-proxy/cache-settings.ts";
import { EndpointExists, EndpointNotFound } from "../../services/api-proxy/errors.ts";
import { EndpointStore } from "../../services/api-proxy/endpoint-store.ts";
import { Database } from "./database.ts";
import { violationIn } from "./violations.ts";

interface Row {
  readonly id: number;
  readonly proxy_id: number;
  readonly name: string;
  readonly http_method: EndpointMethod;
  readonly backend_resource_url: string;
  readonly backend_http_method: EndpointMethod;
  readonly active: boolean;
  readonly settings: CacheSettings | null;
}

export const layer = Layer.effect(
  EndpointStore,
  Effect.gen(function* () {
    const database = yield* Database;

    return EndpointStore.of({
      all: database.run("EndpointStore.all", async ({ sql }) => {
        const rows = await sql<Row[]>`select * from endpoints order by id`;
        return rows.map(toEndpoint);
      }),

      list: (proxyId) =>
        database.run("EndpointStore.list", async ({ sql }) => {
          const rows = await sql<Row[]>`
            select * from endpoints where proxy_id = ${proxyId} order by id`;
          return rows.map(toEndpoint);
        }),

      find: Effect.fnUntraced(function* (proxyId, { name, httpMethod }) {
        const [row] = yield* database.run(
          "EndpointStore.find",
          ({ sql }) => sql<Row[]>`
            select * from endpoints where proxy_id = ${proxyId} and name = ${name}
              and http_method = ${httpMethod}`,
        );
        if (row === undefined) return yield* new EndpointNotFound({ name, httpMethod });
        return toEndpoint(row);
      }),

      insert: Effect.fnUntraced(function* (proxyId, draft) {
        const { name, httpMethod, backendResourceUrl, backendHttpMethod, active } = draft;
        const [row] = yield* database.run(
          "EndpointStore.insert",
          ({ sql }) => sql<Row[]>`
            insert into endpoints (proxy_id, name, http_method, backend_resource_url,
              backend_http_method, active)
            values (${proxyId}, ${name}, ${httpMethod}, ${backendResourceUrl},
              ${backendHttpMethod}, ${active})
            on conflict (proxy_id, name, http_method) do nothing returning *`,
        );
        if (row === undefined) return yield* new EndpointExists({ name, httpMethod });
        return toEndpoint(row);
      }),

      insertAll: (proxyId, drafts) =>
        database.run("EndpointStore.insertAll", async ({ sql }) => {
          const rows = drafts.map((draft, place) => ({ ...draft, place }));
          await sql`
            insert into endpoints (proxy_id, name, http_method, backend_resource_url,
              backend_http_method, active)
            select ${proxyId}, d.name, d."httpMethod", d."backendResourceUrl",
              d."backendHttpMethod", d.active
            from jsonb_to_recordset(${JSON.stringify(rows)}::text::jsonb) as d (
              place int, name text, "httpMethod" text, "backendResourceUrl" text,
              "backendHttpMethod" text, active boolean)
            order by d.place`;
        }),

      update: Effect.fnUntraced(function* (id, draft) {
        const { name, httpMethod, backendResourceUrl, backendHttpMethod, active } = draft;
        const outcome = yield* database.run("EndpointStore.update", ({ sql }) =>
          sql`
            update endpoints set name = ${name}, http_method = ${httpMethod},
              backend_resource_url = ${backendResourceUrl},
              backend_http_method = ${backendHttpMethod}, active = ${active}
            where id = ${id}`.then(() => undefined, violationIn),
        );
        if (outcome !== undefined) return yield* new EndpointExists({ name, httpMethod });
      }),

      saveSettings: (id, settings) =>
        database.run("EndpointStore.saveSettings", async ({ sql }) => {
          await sql`
            update endpoints set settings = ${JSON.stringify(settings)}::text::jsonb
            where id = ${id}`;
        }),

      remove: (id) =>
        database.run("EndpointStore.remove", async ({ sql }) => {
          await sql`delete from endpoints where id = ${id}`;
        }),
    });
  }),
);

function toEndpoint(row: Row): Endpoint {
  const { id, name, active, settings } = row;
  return {
    id,
    proxyId: row.proxy_id,
    name,
    httpMethod: row.http_method,
    backendResourceUrl: row.backend_resource_url,
    backendHttpMethod: row.backend_http_method,
    active,
    settings: settings ?? undefined,
  };
}
