/**
 * Where the gateway's responses are kept for all processes.
 *
 * @module
 */
import * as Context from "effect/Context";
import type * as Effect from "effect/Effect";
import type { EntryId } from "../../domain/entry/entry.ts";
import type { EvictionLimits } from "../../domain/gateway/eviction-limits.ts";
import type { StoredResponse } from "../../domain/gateway/stored-response.ts";
import type { StoreUnavailable } from "../errors.ts";

/**
 * `Added` and `Replaced`: it is stored. `Outdated`: it is not, because a purge since the
 * exchange began covers it, or one that was asked for later is there.
 */
export type Stored = "Added" | "Replaced" | "Outdated";

/** When a key was last used. */
export interface Use {
  readonly id: EntryId;
  /** Unix milliseconds. */
  readonly at: number;
}

/** The entries of one settings object in one API proxy. */
export interface Scope {
  readonly space: string;
  /** As in `settingsScope`. */
  readonly scope: string;
}

export class ResponseStore extends Context.Service<
  ResponseStore,
  {
    /**
     * The variants of a key, the one that was answered last first, expired ones too. At most
     * 64, and with more than 16 MiB together only the latest. One round trip.
     */
    readonly find: (
      id: EntryId,
    ) => Effect.Effect<readonly StoredResponse[], StoreUnavailable>;
    /**
     * Stores `response`, replacing its variant, unless a purge logged after `sinceSeq` covers
     * it or one that was asked for later is there. Atomic with respect to purges. Variants
     * beyond what `find` gives are removed.
     */
    readonly save: (
      response: StoredResponse,
      sinceSeq: number,
    ) => Effect.Effect<Stored, StoreUnavailable>;
    /** Notes when keys were last used, for the eviction of those that were not. */
    readonly noteUses: (uses: readonly Use[]) => Effect.Effect<void, StoreUnavailable>;
    /**
     * Counts entries that were added in all processes. Gives for each of `added`, in their
     * order, how many there are at most now; `undefined` where that was never counted.
     */
    readonly countAdded: (
      added: readonly (Scope & { readonly count: number })[],
    ) => Effect.Effect<readonly (number | undefined)[], StoreUnavailable>;
    /**
     * Counts the entries of a scope anew and evicts what is too much; gives what it was,
     * several variants of a key each for itself. Of very many, those of a random part go
     * that were used least lately. Not atomic: what fails half way is evicted half.
     */
    readonly evict: (
      of: Scope,
      limits: EvictionLimits,
    ) => Effect.Effect<readonly EntryId[], StoreUnavailable>;
  }
>()("uni-cache/services/ResponseStore") {}
