/**
 * The gateway's responses: in the memory of this process, and for `DISTRIBUTED` in the
 * store behind it.
 *
 * @module
 */
import * as Context from "effect/Context";
import type * as Effect from "effect/Effect";
import type { EntryId } from "../../domain/entry/entry.ts";
import type { CacheStorageType } from "../../domain/api-proxy/cache-settings.ts";
import type { StoredResponse } from "../../domain/gateway/stored-response.ts";
import type { SaveOutcome } from "../entry/entry-store.ts";
import type { StoreUnavailable } from "../errors.ts";
import type { Use } from "./response-store.ts";

/** Where a response belongs, and how many of its kind there may be. */
export interface Shelf {
  readonly space: string;
  /** As in `settingsScope`. */
  readonly scope: string;
  readonly storage: CacheStorageType;
  readonly capacity: number;
}

/** `TooLarge`: a `LOCAL` one that this process has no room for. */
export type KeepOutcome = SaveOutcome | "TooLarge";

/**
 * Taken when an exchange begins: what comes of it is neither kept nor handed to who came
 * later, once a purge covers it.
 */
export interface Exchange {
  /** Whether a purge since the beginning may cover it. */
  readonly isOutdated: () => boolean;
  /** Keeps `response` on its shelf, or drops it as outdated. */
  readonly keep: (
    response: StoredResponse,
  ) => Effect.Effect<KeepOutcome, StoreUnavailable>;
  /** To be called at the end, whatever it was. */
  readonly end: () => void;
}

/** What was added to a shelf of the store from here. */
export interface Added {
  readonly shelf: Shelf;
  readonly count: number;
}

export class ResponseCache extends Context.Service<
  ResponseCache,
  {
    /**
     * All variants of a key. From memory without touching the store, where it is held there.
     * Fails too when the store was away so long that memory may be out of date.
     */
    readonly find: (
      shelf: Shelf,
      id: EntryId,
    ) => Effect.Effect<readonly StoredResponse[], StoreUnavailable>;
    /** The moment, to begin an exchange by what is known now. */
    readonly now: () => number;
    /** `since` as `now` gave it when the settings were looked up. */
    readonly begin: (shelf: Shelf, id: EntryId, since: number) => Exchange;
    /**
     * Forgets a key with all its variants, or with `below` all keys that begin so: here before it ends, in other processes within a
     * moment. Every exchange of it that is under way is outdated.
     */
    readonly invalidate: (
      shelf: Shelf,
      id: EntryId,
      below?: string,
    ) => Effect.Effect<void, StoreUnavailable>;
    /** Keys of the store that were used since this was last called, from memory too. */
    readonly takeUses: () => readonly Use[];
    /** What was added to the store since this was last called. */
    readonly takeAdded: () => readonly Added[];
    readonly clear: () => void;
    /** Of what is held in memory; each variant counts. */
    readonly size: () => { readonly entries: number; readonly bytes: number };
  }
>()("uni-cache/services/ResponseCache") {}
