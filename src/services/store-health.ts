/**
 * Whether the store answers.
 *
 * @module
 */
import * as Context from "effect/Context";
import type * as Effect from "effect/Effect";
import type { StoreUnavailable } from "./errors.ts";

export class StoreHealth extends Context.Service<
  StoreHealth,
  {
    /** Succeeds when the store answered just now. */
    readonly answers: Effect.Effect<void, StoreUnavailable>;
  }
>()("uni-cache/services/StoreHealth") {}
