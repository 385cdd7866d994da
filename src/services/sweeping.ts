/**
 * Removes what nobody can read any more.
 *
 * @module
 */
import * as Context from "effect/Context";
import type * as Effect from "effect/Effect";
import type { StoreUnavailable } from "./errors.ts";

export class Sweeping extends Context.Service<
  Sweeping,
  {
    /** Removes a bounded part. Gives whether there may be more. One process at a time works. */
    readonly sweep: Effect.Effect<boolean, StoreUnavailable>;
  }
>()("uni-cache/services/Sweeping") {}
