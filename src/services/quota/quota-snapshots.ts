/**
 * What each source's budget was a moment ago, for the headers of hits.
 *
 * @module
 */
import * as Context from "effect/Context";
import type * as Effect from "effect/Effect";
import type { Budget } from "../../domain/quota/budget.ts";
import type { Source } from "../../domain/source/source.ts";
import type { StoreUnavailable } from "../errors.ts";

export class QuotaSnapshots extends Context.Service<
  QuotaSnapshots,
  {
    /**
     * The source's budget at `now`, aged from a snapshot at most about a second old while
     * the source is read. Only the first read of a source waits for the store.
     */
    readonly budgetAt: (
      source: Source,
      now: number,
    ) => Effect.Effect<Budget, StoreUnavailable>;
  }
>()("uni-cache/services/QuotaSnapshots") {}
