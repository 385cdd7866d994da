/**
 * Keeps two clears of the same thing apart.
 *
 * @module
 */
import * as Context from "effect/Context";
import type * as Effect from "effect/Effect";
import type * as Scope from "effect/Scope";
import type { StoreUnavailable } from "../errors.ts";

export interface ClearLock {
  /**
   * To be run from time to time: a holder that is not heard of for half a minute is taken
   * to be gone. `false`: the lock was lost, and somebody else has it by now.
   */
  readonly keep: Effect.Effect<boolean, StoreUnavailable>;
}

export class ClearLocks extends Context.Service<
  ClearLocks,
  {
    /**
     * Holds `what` until the scope closes, over any number of transactions; not to be taken
     * inside one. `undefined`: it is held already, in whatever process.
     */
    readonly hold: (
      what: string,
    ) => Effect.Effect<ClearLock | undefined, StoreUnavailable, Scope.Scope>;
  }
>()("uni-cache/services/ClearLocks") {}
