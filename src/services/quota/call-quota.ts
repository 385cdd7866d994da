/**
 * The calls each source may still make, counted for the whole cluster.
 *
 * All time is the store's; every decision is made on the locked row of its source.
 *
 * @module
 */
import * as Context from "effect/Context";
import type * as Effect from "effect/Effect";
import type { QuotaRecord } from "../../domain/quota/budget.ts";
import type { Ticket } from "../../domain/quota/quota.ts";
import type { RateLimit } from "../../domain/quota/rate-limit.ts";
import type { StoreUnavailable } from "../errors.ts";

/** `used` calls may start now; `retryAt` is given when fewer were free than wanted. */
export interface Spent {
  readonly used: number;
  /** Monotonic milliseconds of this process, not after the instant that the calls count from. */
  readonly notAfter: number;
  /** The upstream's last answer was a refusal: tell `accepted` when it takes a call. */
  readonly afterRefusal: boolean;
  readonly ticket: Ticket | undefined;
  readonly retryAt: number | undefined;
}

export class CallQuota extends Context.Service<
  CallQuota,
  {
    /**
     * Spends up to `wanted` calls, as many as `use` says it used of those that are free,
     * in one transaction with whatever `use` does. `use` is not run when none is free.
     */
    readonly spend: <E, R>(
      sourceId: string,
      limit: RateLimit,
      wanted: number,
      use: (free: number) => Effect.Effect<number, E, R>,
    ) => Effect.Effect<Spent, E | StoreUnavailable, R>;
    /** Gives back the one call of `ticket`. */
    readonly giveBack: (
      sourceId: string,
      limit: RateLimit,
      ticket: Ticket,
    ) => Effect.Effect<void, StoreUnavailable>;
    /** The upstream refused a call and named `notBefore`, or no instant. Gives when the pause ends. */
    readonly refused: (
      sourceId: string,
      notBefore: number | undefined,
    ) => Effect.Effect<number, StoreUnavailable>;
    /** The upstream took a call again. */
    readonly accepted: (sourceId: string) => Effect.Effect<void, StoreUnavailable>;
    /** Ends a pause by hand. */
    readonly endCooldown: (sourceId: string) => Effect.Effect<void, StoreUnavailable>;
    /** Looks without spending or locking; one round trip. */
    readonly look: (
      sourceIds: readonly string[],
    ) => Effect.Effect<ReadonlyMap<string, QuotaRecord>, StoreUnavailable>;
  }
>()("uni-cache/services/CallQuota") {}
