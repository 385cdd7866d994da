/**
 * Two instances with three accounts each, in entries of two sources, and classification
 * rules of four types of database: all that the clear actions are about.
 *
 * @module
 */
import { expect } from "bun:test";
import { jsonOf, type TestService } from "../support/service.ts";
import { bodyOf, makeSource, storeEntry } from "./stored-entries.ts";

export const USERS = ["ada", "Bob", "çelik"] as const;
export const TYPES = ["mysql", "postgresql", "sqlserver", "oracle"] as const;

export interface Stored {
  readonly source: string;
  readonly key: string;
  readonly params: Readonly<Record<string, string>>;
}

export interface Inventory {
  /** Ids of the two instances. */
  readonly instances: readonly [number, number];
  readonly entries: readonly Stored[];
}

export async function createInstance(
  service: TestService,
  name: string,
  changes: object = {},
): Promise<number> {
  const response = await service.send("POST", "/api/v1/instances", {
    name,
    db_type: "mysql",
    host: "db.example.com",
    port: 3306,
    ...changes,
  });
  if (response.status !== 201) throw new Error(await response.text());
  return (await jsonOf(response)).data.instance.id;
}

/** Makes all of the sources, or those of `ids`. */
export async function inventorySources(
  service: TestService,
  ids: readonly string[] = Object.keys(SOURCES),
): Promise<void> {
  for (const id of ids) await makeSource(service, id, SOURCES[id]);
}

const SOURCES: Readonly<Record<string, object>> = {
  accounts: { key_template: "/instances/{{instance_id}}/accounts/{{username}}" },
  grants: {
    key_template: "/grants?instance={{instance_id}}&user={{username}}",
    key_case: "lower",
  },
  rules: { key_template: "/rules/{{db_type}}" },
  weather: {},
};

/** What is stored of `instances`, of the rules, and of what is about neither. */
export function inventoryEntries(instances: readonly number[]): readonly Stored[] {
  const accounts = instances.flatMap((id) =>
    USERS.flatMap((user): readonly Stored[] => {
      const [instance_id, lower] = [String(id), user.toLowerCase()];
      const segment = encodeURIComponent(user);
      return [
        {
          source: "accounts",
          key: `/instances/${id}/accounts/${segment}`,
          params: { instance_id, username: user },
        },
        {
          source: "grants",
          key: `/grants?instance=${id}&user=${encodeURIComponent(lower)}`,
          params: { instance_id, username: lower },
        },
      ];
    }),
  );
  const rules = [...TYPES, "all"].map((db_type) => ({
    source: "rules",
    key: `/rules/${db_type}`,
    params: { db_type },
  }));
  const weather = { source: "weather", key: "/weather/Oslo", params: { city: "Oslo" } };
  return [...accounts, ...rules, weather];
}

export async function store(
  service: TestService,
  entries: readonly Stored[],
): Promise<void> {
  for (const { source, key, params } of entries) {
    await storeEntry(service, source, key, 0, { params, ...bodyOf('{"n":1}') });
  }
}

/** The keys that a reader of `service` gets, with their source. */
export async function readable(
  service: TestService,
  entries: readonly Stored[],
): Promise<readonly string[]> {
  const read = await Promise.all(
    entries.map(async ({ source, key }) => {
      const path = `/api/v1/cache/${source}/${encodeURIComponent(key)}`;
      const headers = { "X-UC-Cache-Only": "1" };
      const { status } = await service.request(path, { headers });
      if (status !== 200) expect([key, status]).toEqual([key, 404]);
      return status === 200 ? [nameOf({ source, key })] : [];
    }),
  );
  return read.flat();
}

export const nameOf = ({ source, key }: Pick<Stored, "source" | "key">) =>
  `${source} ${key}`;

export const act = (service: TestService, action: string, body?: unknown) =>
  body === undefined
    ? service.request(`/api/v1/cache/actions/${action}`, { method: "POST" })
    : service.send("POST", `/api/v1/cache/actions/${action}`, body);

/**
 * How many processes an answer may call unreached that was `millis` under way: none. But each
 * is waited for a second only, and the machine may have stopped for as long.
 */
export const unreachedAfter = (millis: number) =>
  millis < 1_000 ? 0 : expect.any(Number);
