/**
 * Several steps that the store takes together or not at all.
 *
 * @module
 */
import * as Context from "effect/Context";
import type * as Effect from "effect/Effect";
import type { StoreUnavailable } from "./errors.ts";

export class Transaction extends Context.Service<
  Transaction,
  {
    /**
     * Runs `body` in one transaction of the store: commits when it succeeds, rolls back
     * when it fails, dies or is interrupted. Inside another transaction it joins that one.
     *
     * What failed was not stored, but where the connection was lost with the commit under
     * way: a commit that the store reaches too late is refused by it.
     */
    readonly together: <A, E, R>(
      operation: string,
      body: Effect.Effect<A, E, R>,
    ) => Effect.Effect<A, E | StoreUnavailable, R>;
  }
>()("uni-cache/services/Transaction") {}
