/**
 * `GET /metrics`
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import * as Result from "effect/Result";
import { readMetrics } from "../../../services/read-metrics.ts";
import { metricFamilies } from "../../metric-families.ts";
import { problem, problemResponses } from "../../problems.ts";
import { PROMETHEUS_TYPE, prometheusText } from "../../prometheus-text.ts";
import type { Responds } from "../../respond.ts";
import { type Api, declareRoute, serve } from "../../route.ts";

const EXAMPLE = `# HELP uni_cache_sources Sources that are configured
# TYPE uni_cache_sources gauge
uni_cache_sources 2
`;

const routeFor = (isPublic: boolean) =>
  declareRoute(
    { needs: isPublic ? "nothing" : "view", restricted: "refused" },
    {
      method: "get",
      path: "/metrics",
      tags: ["Service"],
      summary: "Metrics for Prometheus",
      description:
        "The text format, version 0.0.4. `uni_cache_…` is of the whole cluster, `uni_cache_process_…` of the process that answers. Where `UC_METRICS_PUBLIC=1` is set it needs no token, and leaves out `uni_cache_gateway_requests_total`, which names projects and API proxies.",
      operationId: "exportMetrics",
      responses: {
        200: {
          description: "The metrics",
          headers: {
            "Cache-Control": {
              description: "`no-store`",
              schema: { type: "string" as const },
            },
          },
          content: {
            "text/plain": { schema: z.string().openapi({ example: EXAMPLE }) },
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

/** `isPublic`: without a token. */
export function exportMetricsRoute(api: Api, version: string, isPublic: boolean) {
  const route = routeFor(isPublic);
  serve(api, route, async (c): Responds<typeof route> => {
    const read = await api.run(readMetrics(0), c.req.raw.signal);
    if (Result.isFailure(read)) return problem(c, read.failure);
    const families = metricFamilies(read.success, version, isPublic);
    return c.text(prometheusText(families), 200, {
      "Content-Type": PROMETHEUS_TYPE,
      "Cache-Control": "no-store",
    });
  });
}
