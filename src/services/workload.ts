/**
 * What the cluster has to do right now.
 *
 * @module
 */
import * as Context from "effect/Context";
import type * as Effect from "effect/Effect";
import type { StoreUnavailable } from "./errors.ts";

export interface Work {
  /** Refreshes that wait, and that run, over all sources. */
  readonly queued: number;
  readonly running: number;
  readonly sources: number;
}

export class Workload extends Context.Service<
  Workload,
  {
    /** Counts; one round trip. */
    readonly look: Effect.Effect<Work, StoreUnavailable>;
  }
>()("uni-cache/services/Workload") {}
