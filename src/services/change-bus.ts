/**
 * How every process learns what changed, and how the one that changed it knows.
 *
 * Changes are numbered by one sequence without gaps, in the order of their commits.
 *
 * @module
 */
import * as Context from "effect/Context";
import type * as Effect from "effect/Effect";
import type { Change } from "../domain/change.ts";
import type { StoreUnavailable } from "./errors.ts";

export interface LoggedChange {
  readonly seq: number;
  readonly change: Change;
}

/** What a subscriber is told; `Lost`: changes may have been missed, so forget everything. */
export type BusEvent =
  | { readonly _tag: "Logged"; readonly logged: LoggedChange }
  | { readonly _tag: "Lost"; readonly seq: number };

export class ChangeBus extends Context.Service<
  ChangeBus,
  {
    /** Logs `change` in the current transaction, or in one of its own. Gives its number. */
    readonly log: (change: Change) => Effect.Effect<number, StoreUnavailable>;
    /** The last change that this process has applied. */
    readonly appliedSeq: Effect.Effect<number>;
    /** Waits until this process has applied every change up to `seq`, five seconds at most. */
    readonly appliedHere: (seq: number) => Effect.Effect<void>;
    /**
     * Waits until every live process has applied every change up to `seq`, a second at
     * most. Gives how many have not.
     */
    readonly acknowledged: (seq: number) => Effect.Effect<number, StoreUnavailable>;
    /** From now on tells `apply` every change, one after the other, before it counts as applied. */
    readonly subscribe: (
      apply: (event: BusEvent) => Effect.Effect<void, StoreUnavailable>,
    ) => Effect.Effect<void>;
    /** `false` once nothing was heard from the store for 30 s: then memory may be out of date. */
    readonly inTouch: Effect.Effect<boolean>;
  }
>()("uni-cache/services/ChangeBus") {}
