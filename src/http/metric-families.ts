/**
 * Which metrics Prometheus is told, by what names.
 *
 * `uni_cache_…` is of the whole cluster, whichever process answers; `uni_cache_process_…` of
 * the one that does. No label has values without bound, and none names a source or a key;
 * those that name API proxies are not for everyone.
 *
 * @module
 */
import type { CounterName, Counts } from "../services/counters.ts";
import {
  type ProxyRequests,
  REQUEST_RESULTS,
} from "../services/gateway/request-counts.ts";
import type { Metrics } from "../services/read-metrics.ts";
import type { MetricFamily, Sample } from "./prometheus-text.ts";

interface CounterFamily {
  /** Between the prefix and `_total`. */
  readonly name: string;
  readonly help: string;
  readonly samples: readonly {
    readonly labels: Sample["labels"];
    readonly counter: CounterName;
  }[];
}

const counterFamilies: readonly CounterFamily[] = [
  {
    name: "reads",
    help: "Reads that were answered, those of the gateway too, by X-UC-Cache",
    samples: [
      { labels: { result: "hit" }, counter: "reads_hit" },
      { labels: { result: "miss" }, counter: "reads_miss" },
      { labels: { result: "stale" }, counter: "reads_stale" },
      { labels: { result: "bypass" }, counter: "reads_bypass" },
    ],
  },
  {
    name: "refreshes",
    help: "Refreshes that ended, by how",
    samples: [
      { labels: { result: "updated" }, counter: "refreshes_updated" },
      { labels: { result: "not_modified" }, counter: "refreshes_not_modified" },
      { labels: { result: "failed" }, counter: "refreshes_failed" },
    ],
  },
  {
    name: "upstream_calls",
    help: "Calls sent to upstreams, retries and redirects included",
    samples: [{ labels: {}, counter: "upstream_calls" }],
  },
  {
    name: "upstream_refusals",
    help: "Calls that an upstream refused for a while",
    samples: [{ labels: {}, counter: "upstream_refusals" }],
  },
  {
    name: "upstream_denials",
    help: "Calls that an upstream answered 401 or 403",
    samples: [{ labels: {}, counter: "upstream_denials" }],
  },
  {
    name: "lost_calls",
    help: "Calls that were spent and never sent, because the store was too slow",
    samples: [{ labels: {}, counter: "calls_lost" }],
  },
  {
    name: "gateway_answers",
    help: "Requests of the gateway that were answered, by X-UC-Cache, or refused for the upstream",
    samples: REQUEST_RESULTS.map((result) => ({
      labels: { result },
      counter: `gateway_${result}` as const,
    })),
  },
  {
    name: "dropped_renewals",
    help: "Calls behind an answer of the gateway that were not made, or failed",
    samples: [{ labels: {}, counter: "renewals_dropped" }],
  },
];

/** Everything that is told; `version` is that of the process. `isPublic`: to strangers too. */
export function metricFamilies(
  { totals, proxies, work, own, usage, held }: Metrics,
  version: string,
  isPublic: boolean,
): readonly MetricFamily[] {
  return [
    ...counters("uni_cache", "in all processes since the first start", totals),
    ...(isPublic ? [] : [byProxy(proxies)]),
    {
      name: "uni_cache_tasks",
      type: "gauge",
      help: "Refreshes that are not ended, by state",
      samples: [
        { labels: { state: "queued" }, value: work.queued },
        { labels: { state: "running" }, value: work.running },
      ],
    },
    gauge("uni_cache_sources", "Sources that are configured", work.sources),
    ...counters("uni_cache_process", "in this process since it began", own),
    gauge(
      "uni_cache_process_uptime_seconds",
      "Seconds since this process began",
      usage.uptimeSeconds,
    ),
    {
      name: "uni_cache_process_cpu_seconds_total",
      type: "counter",
      help: "Seconds of processor time that this process has used",
      samples: [{ labels: {}, value: usage.cpuSeconds }],
    },
    gauge(
      "uni_cache_process_resident_memory_bytes",
      "Resident memory of this process",
      usage.residentBytes,
    ),
    gauge(
      "uni_cache_process_memory_entries",
      "Entries held in the memory of this process",
      held.entries,
    ),
    gauge(
      "uni_cache_process_memory_entries_bytes",
      "What these entries take, roughly",
      held.bytes,
    ),
    {
      name: "uni_cache_process_info",
      type: "gauge",
      help: "Always 1; the version of this process",
      samples: [{ labels: { version }, value: 1 }],
    },
  ];
}

function counters(
  prefix: string,
  scope: string,
  counts: Counts,
): readonly MetricFamily[] {
  return counterFamilies.map(({ name, help, samples }) => ({
    name: `${prefix}_${name}_total`,
    type: "counter",
    help: `${help}, ${scope}`,
    samples: samples.map(({ labels, counter }) => ({ labels, value: counts[counter] })),
  }));
}

function byProxy(proxies: readonly ProxyRequests[]): MetricFamily {
  return {
    name: "uni_cache_gateway_requests_total",
    type: "counter",
    help: "Answers of the gateway by API proxy, in all processes since the proxy was made",
    samples: proxies.flatMap(({ projectName, name, counts }) =>
      REQUEST_RESULTS.map((result) => ({
        labels: { project: projectName, api_proxy: name, result },
        value: counts[result],
      })),
    ),
  };
}

function gauge(name: string, help: string, value: number): MetricFamily {
  return { name, type: "gauge", help, samples: [{ labels: {}, value }] };
}
