/**
 * The tables of the gateway's projects, API proxies and endpoints.
 *
 * @module
 */
import { bigint, boolean, jsonb, pgTable, text, uniqueIndex } from "drizzle-orm/pg-core";
import type { ApiProxy, EndpointMethod } from "../../domain/api-proxy/api-proxy.ts";
import type { CacheSettings } from "../../domain/api-proxy/cache-settings.ts";
import { byteOrderedText, instant } from "./columns.ts";
import { sources } from "./schema.ts";

export const projects = pgTable("projects", {
  name: byteOrderedText().primaryKey(),
  description: text(),
  createdAt: instant().notNull(),
});

export const apiProxies = pgTable(
  "api_proxies",
  {
    id: bigint({ mode: "number" }).primaryKey().generatedAlwaysAsIdentity(),
    projectName: byteOrderedText()
      .notNull()
      .references(() => projects.name),
    name: byteOrderedText().notNull(),
    description: text(),
    sourceId: text()
      .notNull()
      .references(() => sources.id),
    access: text().$type<ApiProxy["access"]>().notNull(),
    creationType: text().$type<ApiProxy["creationType"]>().notNull(),
    settings: jsonb().$type<CacheSettings>(),
    createdAt: instant().notNull(),
    updatedAt: instant().notNull(),
  },
  (table) => [uniqueIndex("api_proxies_name").on(table.projectName, table.name)],
);

export const endpoints = pgTable(
  "endpoints",
  {
    id: bigint({ mode: "number" }).primaryKey().generatedAlwaysAsIdentity(),
    proxyId: bigint({ mode: "number" })
      .notNull()
      .references(() => apiProxies.id, { onDelete: "cascade" }),
    /** At most 2,000 bytes, so that it fits an index row. */
    name: byteOrderedText().notNull(),
    httpMethod: text().$type<EndpointMethod>().notNull(),
    backendResourceUrl: text().notNull(),
    backendHttpMethod: text().$type<EndpointMethod>().notNull(),
    active: boolean().notNull(),
    settings: jsonb().$type<CacheSettings>(),
  },
  (table) => [
    uniqueIndex("endpoints_name").on(table.proxyId, table.name, table.httpMethod),
  ],
);
