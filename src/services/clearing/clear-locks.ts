/**
 * Keeps two clears of the same thing apart.
 *
 * @module
 */
import * as Context from "effect/Context";
import type * as Effect from "effect/Effect";
import type { StoreUnavailable } from "../errors.ts";

export class ClearLocks extends Context.Service<
  ClearLocks,
  {
    /**
     * Holds `what` until the current transaction ends. `false`: another transaction holds
     * it, in whatever process.
     */
    readonly hold: (what: string) => Effect.Effect<boolean, StoreUnavailable>;
  }
>()("uni-cache/services/ClearLocks") {}
