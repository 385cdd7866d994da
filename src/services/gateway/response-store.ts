/**
 * Where the gateway's responses are kept for all processes.
 *
 * @module
 */
import * as Context from "effect/Context";
import type * as Effect from "effect/Effect";
import type { EntryId } from "../../domain/entry/entry.ts";
import type { StoredResponse } from "../../domain/gateway/stored-response.ts";
import type { SaveOutcome } from "../entry/entry-store.ts";
import type { StoreUnavailable } from "../errors.ts";

export class ResponseStore extends Context.Service<
  ResponseStore,
  {
    /** All variants of a key, the one that was answered last first. One round trip. */
    readonly find: (
      id: EntryId,
    ) => Effect.Effect<readonly StoredResponse[], StoreUnavailable>;
    /**
     * Stores `response`, replacing its variant, unless a purge logged after `sinceSeq` covers
     * it or one that was asked for later is there. Atomic with respect to purges.
     */
    readonly save: (
      response: StoredResponse,
      sinceSeq: number,
    ) => Effect.Effect<SaveOutcome, StoreUnavailable>;
    /** Notes when keys were last used, for the eviction of those that were not. */
    readonly noteUses: (
      uses: ReadonlyMap<string, { readonly id: EntryId; readonly at: number }>,
    ) => Effect.Effect<void, StoreUnavailable>;
    /** Evicts what was used least lately beyond `capacity` among the keys of `scope`. */
    readonly evict: (
      space: string,
      scope: string,
      capacity: number,
    ) => Effect.Effect<number, StoreUnavailable>;
  }
>()("uni-cache/services/ResponseStore") {}
