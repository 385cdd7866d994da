/**
 * `GET /api/v1/metrics`
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import * as Result from "effect/Result";
import type { RequestCounts } from "../../../services/gateway/request-counts.ts";
import { type Metrics, readMetrics } from "../../../services/read-metrics.ts";
import { answered } from "../../json-content.ts";
import { problem, problemResponses } from "../../problems.ts";
import type { Responds } from "../../respond.ts";
import { type Api, declareRoute, serve } from "../../route.ts";

const count = (description: string, example: number) =>
  z.int().openapi({ description, example });

/** Of each API proxy. */
const MOST_ENDPOINTS = 200;

const requestCounts = {
  hit: count("Answered `HIT`", 90_311),
  miss: count("Answered `MISS`", 1_204),
  stale_served: count("Answered `STALE`", 15),
  bypass: count("Answered `BYPASS`", 0),
  refused: count(
    "Answered by us in the place of the upstream: 429, 502, 503 or 504; part of no other count",
    2,
  ),
};

const GatewaySchema = z
  .object({
    ...requestCounts,
    renewals_dropped: count(
      "Calls behind an answer that were not made, for no call was free, or failed",
      0,
    ),
    api_proxies: z
      .array(
        z.object({
          project: z.string().openapi({ example: "shop" }),
          api_proxy: z.string().openapi({ example: "orders" }),
          ...requestCounts,
          endpoints: z
            .array(
              z.object({
                name: z.string().openapi({ example: "/orders/{id}" }),
                http_method: z.string().openapi({ example: "GET" }),
                ...requestCounts,
              }),
            )
            .openapi({
              description: `Those that were asked for, busiest first, ${MOST_ENDPOINTS} at most. What was for no endpoint, or for one that is deleted, is only in the counts of the API proxy.`,
            }),
        }),
      )
      .openapi({ description: "All that there are, by name, each since it was made" }),
  })
  .openapi({
    description:
      "Requests to `/gw/…`. Those of deleted API proxies are in the totals. A request that is refused before it goes anywhere, as without a token, counts nowhere.",
  });

const MetricsSchema = z
  .object({
    uptime_s: count("Of the process that answers", 36_000),
    cache: z.object({
      hit: count(
        "Reads answered `HIT`, those of the gateway too, as in all of these",
        120_394,
      ),
      miss: count("Reads answered `MISS`", 2_301),
      stale_served: count("Reads answered `STALE`", 83),
      bypass: count("Reads answered `BYPASS`", 12),
    }),
    jobs: z.object({
      queued: count("Refreshes that wait now", 3),
      running: count("Refreshes that run now", 1),
      failed: count(
        "Refreshes that failed since the first start; not those that were cancelled",
        0,
      ),
      updated: count("Refreshes that brought an answer", 2_040),
      not_modified: count("Refreshes that found the entry still current", 310),
    }),
    sources: z.object({ count: count("Sources that are configured", 2) }),
    upstream: z.object({
      calls: count("Calls sent, retries and redirects included", 2_377),
      refusals: count(
        "Of these, calls refused for a while: 429, or a 503 that says when",
        4,
      ),
      denials: count("Of these, calls answered 401 or 403", 0),
      lost: count("Calls spent and never sent, because the store was too slow", 0),
    }),
    gateway: GatewaySchema,
    process: z
      .object({
        memory_entries: count("Entries held in memory", 8_120),
        memory_bytes: count("What they take, roughly", 11_204_503),
        resident_bytes: count("Resident memory", 148_230_144),
      })
      .openapi({ description: "Of the process that answers" }),
  })
  .openapi("Metrics");

const route = declareRoute(
  { needs: "view", restricted: "refused" },
  {
    method: "get",
    path: "/api/v1/metrics",
    tags: ["Service"],
    summary: "Totals of the whole cluster in short",
    description:
      "Counted since the first start, over all processes; another process's counts may be about a second behind. A process that is killed loses what it counted in its last second.",
    operationId: "readMetrics",
    responses: {
      200: {
        ...answered("The totals", MetricsSchema),
        headers: {
          "Cache-Control": {
            description: "`no-store`",
            schema: { type: "string" as const },
          },
        },
      },
      ...problemResponses(
        "Malformed",
        "NotAuthenticated",
        "NotPermitted",
        "StoreUnavailable",
      ),
    },
  },
);

export function readMetricsRoute(api: Api) {
  serve(api, route, async (c): Responds<typeof route> => {
    const read = await api.run(readMetrics(MOST_ENDPOINTS), c.req.raw.signal);
    if (Result.isFailure(read)) return problem(c, read.failure);
    return c.json(toBody(read.success), 200, { "Cache-Control": "no-store" });
  });
}

const toBody = ({ totals, proxies, work, usage, held }: Metrics) => ({
  uptime_s: Math.floor(usage.uptimeSeconds),
  cache: {
    hit: totals.reads_hit,
    miss: totals.reads_miss,
    stale_served: totals.reads_stale,
    bypass: totals.reads_bypass,
  },
  jobs: {
    queued: work.queued,
    running: work.running,
    failed: totals.refreshes_failed,
    updated: totals.refreshes_updated,
    not_modified: totals.refreshes_not_modified,
  },
  sources: { count: work.sources },
  upstream: {
    calls: totals.upstream_calls,
    refusals: totals.upstream_refusals,
    denials: totals.upstream_denials,
    lost: totals.calls_lost,
  },
  gateway: {
    hit: totals.gateway_hit,
    miss: totals.gateway_miss,
    stale_served: totals.gateway_stale,
    bypass: totals.gateway_bypass,
    refused: totals.gateway_refused,
    renewals_dropped: totals.renewals_dropped,
    api_proxies: proxies.map(({ projectName, name, counts, endpoints }) => ({
      project: projectName,
      api_proxy: name,
      ...toCounts(counts),
      endpoints: endpoints.map((endpoint) => ({
        name: endpoint.name,
        http_method: endpoint.httpMethod,
        ...toCounts(endpoint.counts),
      })),
    })),
  },
  process: {
    memory_entries: held.entries,
    memory_bytes: held.bytes,
    resident_bytes: usage.residentBytes,
  },
});

const toCounts = ({ stale, ...others }: RequestCounts) => ({
  ...others,
  stale_served: stale,
});
