/**
 * The rows of `counters` about the data plane's requests: `gateway/7/hit` for API proxy 7,
 * `gateway/7/3/hit` for its endpoint 3.
 *
 * Each process hands in what it counted a moment later, so a row may come after its proxy or
 * endpoint has gone: it is told of no more, and swept.
 *
 * @module
 */
import type { EndpointMethod } from "../../domain/api-proxy/api-proxy.ts";
import {
  type ProxyRequests,
  REQUEST_RESULTS,
  type RequestCounts,
  type RequestResult,
  type RequestTarget,
} from "../../services/gateway/request-counts.ts";
import type { Connection } from "./pool.ts";

type Sql = Connection["sql"];

/** The rows that a request adds one to. */
export function rowsOf(
  { proxyId, endpointId }: RequestTarget,
  result: RequestResult,
): readonly string[] {
  const ofProxy = `gateway/${proxyId}/${result}`;
  if (endpointId === undefined) return [ofProxy];
  return [ofProxy, `gateway/${proxyId}/${endpointId}/${result}`];
}

/** Which rows of `counters` nothing stands behind any more. */
export const OF_GONE_PROXIES = `starts_with(counters.name, 'gateway/') and not exists (
  select 1 from api_proxies p where p.id::text = split_part(counters.name, '/', 2))`;
export const OF_GONE_ENDPOINTS = `counters.name like 'gateway/%/%/%' and not exists (
  select 1 from endpoints e where e.id::text = split_part(counters.name, '/', 3))`;

/** Of all API proxies, in byte order of their names; of each the `mostEndpoints` busiest. */
export async function storedRequests(
  sql: Sql,
  mostEndpoints: number,
): Promise<readonly ProxyRequests[]> {
  const [proxies, endpoints] = await Promise.all([
    sql<ProxyRow[]>`
      select p.id, p.project_name, p.name, jsonb_object_agg(r.result, c.value) as counts
      from api_proxies p cross join unnest(${REQUEST_RESULTS}::text[]) as r (result)
      left join counters c on c.name = 'gateway/' || p.id || '/' || r.result
      group by p.id order by p.project_name, p.name`,
    mostEndpoints === 0 ? [] : busiest(sql, mostEndpoints),
  ]);
  const byProxy = Map.groupBy(endpoints, ({ proxy_id }) => proxy_id);
  return proxies.map(({ id, project_name, name, counts }) => ({
    projectName: project_name,
    name,
    counts: countsOf(counts),
    endpoints: (byProxy.get(id) ?? []).map((row) => ({
      name: row.name,
      httpMethod: row.http_method,
      counts: countsOf(row.counts),
    })),
  }));
}

/** Not sent before it is awaited. */
function busiest(sql: Sql, mostEndpoints: number) {
  return sql<EndpointRow[]>`
    select * from (
      select e.proxy_id, e.name, e.http_method,
        jsonb_object_agg(r.result, c.value) as counts,
        row_number() over (
          partition by e.proxy_id order by sum(c.value) desc, e.id
        ) as place
      from endpoints e cross join unnest(${REQUEST_RESULTS}::text[]) as r (result)
      join counters c
        on c.name = 'gateway/' || e.proxy_id || '/' || e.id || '/' || r.result
      group by e.id
    ) ranked
    where place <= ${mostEndpoints} order by proxy_id, place`;
}

type StoredCounts = Readonly<Partial<Record<RequestResult, number | null>>>;

interface ProxyRow {
  readonly id: number;
  readonly project_name: string;
  readonly name: string;
  readonly counts: StoredCounts;
}

interface EndpointRow {
  readonly proxy_id: number;
  readonly name: string;
  readonly http_method: EndpointMethod;
  readonly counts: StoredCounts;
}

/** Zero for what was never counted. */
function countsOf(stored: StoredCounts): RequestCounts {
  const counts = REQUEST_RESULTS.map((result) => [result, stored[result] ?? 0]);
  // Safe because every result has its place.
  return Object.fromEntries(counts) as RequestCounts;
}
