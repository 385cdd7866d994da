/**
 * Who waits for the next call of a source, as every process sees it.
 *
 * @module
 */
import * as Context from "effect/Context";
import type * as Effect from "effect/Effect";
import type { StoreUnavailable } from "../errors.ts";

export class CallWaiters extends Context.Service<
  CallWaiters,
  {
    /**
     * Says under `id` that somebody waits for a call of the source, for `millis` at most.
     * For so long the queue leaves one call of it free.
     */
    readonly enter: (
      id: string,
      sourceId: string,
      millis: number,
    ) => Effect.Effect<void, StoreUnavailable>;
    /** Safe to repeat. */
    readonly leave: (id: string) => Effect.Effect<void, StoreUnavailable>;
  }
>()("uni-cache/services/CallWaiters") {}
