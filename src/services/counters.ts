/**
 * What happened, counted for the whole cluster.
 *
 * A process gathers its counts in memory and adds them to the store in batches, so counting
 * costs a hit nothing. A process that is killed loses what it gathered since its last batch.
 *
 * @module
 */
import * as Context from "effect/Context";
import type * as Effect from "effect/Effect";
import type { StoreUnavailable } from "./errors.ts";
import type {
  ProxyRequests,
  RequestResult,
  RequestTarget,
} from "./gateway/request-counts.ts";

/** Every counter. A name is a row of the store: once given it keeps its meaning. */
export const COUNTERS = [
  /** Reads by how they were answered, the gateway's too: the word of `X-UC-Cache`. */
  "reads_hit",
  "reads_miss",
  "reads_stale",
  "reads_bypass",
  /** Refreshes by how they ended. One that has to wait again has not ended. */
  "refreshes_updated",
  "refreshes_not_modified",
  "refreshes_failed",
  /** Calls that were sent to an upstream, retries and redirects included. */
  "upstream_calls",
  /** Of these, calls that the upstream refused for a while: 429, or 503 with an instant. */
  "upstream_refusals",
  /** Of these, calls whose credentials the upstream did not take: 401 or 403. */
  "upstream_denials",
  /** Calls that were spent and never sent, because their permit came too late. */
  "calls_lost",
  /** Calls behind an answer of the gateway that were not made, or failed. */
  "renewals_dropped",
  /** Requests of the data plane by how they were answered, those of gone proxies included. */
  "gateway_hit",
  "gateway_miss",
  "gateway_stale",
  "gateway_bypass",
  "gateway_refused",
] as const;

export type CounterName = (typeof COUNTERS)[number];

export type Counts = Readonly<Record<CounterName, number>>;

export class Counters extends Context.Service<
  Counters,
  {
    /** Counts `by` more. Touches no store and never fails. */
    readonly count: (name: CounterName, by?: number) => void;
    /** Counts one more for the whole gateway, the API proxy and the endpoint. As `count`. */
    readonly countRequest: (target: RequestTarget, result: RequestResult) => void;
    /**
     * Of all processes since the first start. Holds all that was counted here before the
     * call, and of others what they have handed in, about a second ago at most. Never
     * smaller than what any process read before.
     */
    readonly totals: Effect.Effect<Counts, StoreUnavailable>;
    /** As `totals`, of all API proxies by name; of each the `mostEndpoints` busiest endpoints. */
    readonly requests: (
      mostEndpoints: number,
    ) => Effect.Effect<readonly ProxyRequests[], StoreUnavailable>;
    /** Of this process since it began. */
    readonly own: () => Counts;
  }
>()("uni-cache/services/Counters") {}
