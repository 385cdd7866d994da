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
     * Says that as many wait for a call of the source as there are `ids`, for `millis` at
     * most. For so long the queue leaves as many calls of it free.
     */
    readonly enter: (
      ids: readonly string[],
      sourceId: string,
      millis: number,
    ) => Effect.Effect<void, StoreUnavailable>;
    /** Safe to repeat. */
    readonly leave: (ids: readonly string[]) => Effect.Effect<void, StoreUnavailable>;
  }
>()("uni-cache/services/CallWaiters") {}
