/**
 * The gateway's responses: in the memory of this process, and for `DISTRIBUTED` in the
 * store behind it.
 *
 * @module
 */
import * as Context from "effect/Context";
import type * as Effect from "effect/Effect";
import type { EntryId } from "../../domain/entry/entry.ts";
import type { CacheStorageType } from "../../domain/gateway/cache-settings.ts";
import type { StoredResponse } from "../../domain/gateway/stored-response.ts";
import type { SaveOutcome } from "../entry/entry-store.ts";
import type { StoreUnavailable } from "../errors.ts";

/** Where a response belongs, and how many of its kind there may be. */
export interface Shelf {
  readonly space: string;
  /** As in `settingsScope`. */
  readonly scope: string;
  readonly storage: CacheStorageType;
  readonly capacity: number;
}

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
  ) => Effect.Effect<SaveOutcome, StoreUnavailable>;
  /** To be called at the end, whatever it was. */
  readonly end: () => void;
}

export class ResponseCache extends Context.Service<
  ResponseCache,
  {
    /** All variants of a key. From memory without touching the store, where it is held there. */
    readonly find: (
      shelf: Shelf,
      id: EntryId,
    ) => Effect.Effect<readonly StoredResponse[], StoreUnavailable>;
    readonly begin: (shelf: Shelf, id: EntryId) => Exchange;
    /** Forgets a key with all its variants, everywhere where it is kept. */
    readonly invalidate: (
      shelf: Shelf,
      id: EntryId,
    ) => Effect.Effect<void, StoreUnavailable>;
  }
>()("uni-cache/services/ResponseCache") {}
