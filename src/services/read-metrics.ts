/**
 * Gathers what is told of the cluster and of this process.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import { Counters, type Counts } from "./counters.ts";
import { EntryMemory } from "./entry/entry-memory.ts";
import type { ProxyRequests } from "./gateway/request-counts.ts";
import { ProcessUsage, type Usage } from "./process-usage.ts";
import { type Work, Workload } from "./workload.ts";

export interface Metrics {
  /** Of all processes since the first start. */
  readonly totals: Counts;
  /** Of the data plane, likewise, by API proxy. */
  readonly proxies: readonly ProxyRequests[];
  readonly work: Work;
  /** Of the process that was asked, since it began. */
  readonly own: Counts;
  readonly usage: Usage;
  readonly held: { readonly entries: number; readonly bytes: number };
}

/**
 * With the `mostEndpoints` busiest endpoints of each API proxy. Fails where the store is
 * away: half an answer could be taken for a whole one.
 */
export const readMetrics = Effect.fn("readMetrics")(function* (mostEndpoints: number) {
  const counters = yield* Counters;
  const workload = yield* Workload;
  const memory = yield* EntryMemory;
  const { look } = yield* ProcessUsage;
  const { totals, proxies, work } = yield* Effect.all(
    {
      totals: counters.totals,
      proxies: counters.requests(mostEndpoints),
      work: workload.look,
    },
    { concurrency: "unbounded" },
  );
  const metrics: Metrics = {
    totals,
    proxies,
    work,
    own: counters.own(),
    usage: look(),
    held: memory.size(),
  };
  return metrics;
});
