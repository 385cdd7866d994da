/**
 * Where entries are kept.
 *
 * @module
 */
import * as Context from "effect/Context";
import type * as Effect from "effect/Effect";
import type { Entry, EntryId, HeaderList } from "../../domain/entry/entry.ts";
import type { Lifetime } from "../../domain/entry/freshness.ts";
import type { PurgeSelection } from "../../domain/entry/purge.ts";
import type { RefreshStanding } from "../../domain/refresh/refresh-standing.ts";
import type { StoreUnavailable } from "../errors.ts";

export interface Found {
  /** Absent or expired entries may both be `undefined`. */
  readonly entry: Entry | undefined;
  readonly standing: RefreshStanding;
}

/** Keys of `space` that start with `prefix`, those after `after` where it is given. */
export interface KeyRange {
  readonly space: string;
  readonly prefix: string;
  readonly after: string | undefined;
}

/** What a list shows of an entry. */
export interface Listed {
  readonly key: string;
  readonly freshUntil: number;
  readonly fallbackUntil: number;
  /** Of the body as it is stored. */
  readonly bytes: number;
}

/** What a 304 changes. */
export interface Renewal extends EntryId {
  /** The tag of the entry that was asked about; another one there now is not renewed. */
  readonly etag: string;
  readonly lifetime: Lifetime;
  readonly headers: HeaderList;
  readonly requestAt: number;
  readonly responseAt: number;
}

export interface PurgeOptions {
  readonly soft?: boolean;
}

/** `Outdated`: a purge since the exchange began covers the entry; nothing was stored. */
export type SaveOutcome = "Saved" | "Outdated";

export class EntryStore extends Context.Service<
  EntryStore,
  {
    /** One round trip. */
    readonly find: (id: EntryId) => Effect.Effect<Found, StoreUnavailable>;
    /**
     * Like `find` for many, in their order; `undefined` when their bodies have more than
     * `mostBytes` together. One round trip.
     */
    readonly findMany: (
      ids: readonly EntryId[],
      mostBytes: number,
    ) => Effect.Effect<readonly Found[] | undefined, StoreUnavailable>;
    /** The first `limit` entries of `range` in byte order of their keys, expired ones too. */
    readonly list: (
      range: KeyRange,
      limit: number,
    ) => Effect.Effect<readonly Listed[], StoreUnavailable>;
    /** Like `find` for many, without the entries. */
    readonly standings: (
      ids: readonly EntryId[],
    ) => Effect.Effect<readonly RefreshStanding[], StoreUnavailable>;
    /**
     * Stores `entry`, replacing what was there, unless a purge logged after `sinceSeq`
     * covers it. Atomic with respect to purges.
     */
    readonly save: (
      entry: Entry,
      sinceSeq: number,
    ) => Effect.Effect<SaveOutcome, StoreUnavailable>;
    /** Renews what is stored, under the same condition as `save`, and if it is still that. */
    readonly renew: (
      renewal: Renewal,
      sinceSeq: number,
    ) => Effect.Effect<SaveOutcome, StoreUnavailable>;
    /**
     * Removes what `selection` covers, or with `soft` leaves it as a fallback only, and logs
     * the purge in the same transaction. Gives how many entries could be read until then,
     * and the number of the change to wait for. Of very many it takes a part: `more` then,
     * and it has to be asked again, in another transaction.
     */
    readonly purge: (
      selection: PurgeSelection,
      options?: PurgeOptions,
    ) => Effect.Effect<
      { readonly purged: number; readonly seq: number; readonly more: boolean },
      StoreUnavailable
    >;
    /** From here to the end of the transaction no exchange saves anything. */
    readonly holdSaves: Effect.Effect<void, StoreUnavailable>;
    /** Gives up a whole space at once: logs its purge, and leaves its entries to be swept. */
    readonly abandon: (space: string) => Effect.Effect<number, StoreUnavailable>;
    /** Up to `limit` keys of `space` after `after`, in byte order. */
    readonly keysAfter: (
      space: string,
      after: string,
      limit: number,
    ) => Effect.Effect<readonly string[], StoreUnavailable>;
    /** Removes those keys of `space`; for entries that no one can read. */
    readonly removeKeys: (
      space: string,
      keys: readonly string[],
    ) => Effect.Effect<void, StoreUnavailable>;
    /** Gives those entries of `space` other params. */
    readonly relabel: (
      space: string,
      params: ReadonlyMap<string, Readonly<Record<string, string>>>,
    ) => Effect.Effect<void, StoreUnavailable>;
  }
>()("uni-cache/services/EntryStore") {}
