/**
 * Entries in the memory of this process, in front of the store.
 *
 * @module
 */
import * as Context from "effect/Context";
import type * as Effect from "effect/Effect";
import type { Entry, EntryId } from "../../domain/entry/entry.ts";
import type { RefreshStanding } from "../../domain/refresh/refresh-standing.ts";
import type { StoreUnavailable } from "../errors.ts";
import type { Found } from "./entry-store.ts";

/** An entry ready to be served. */
export interface Held {
  readonly entry: Entry;
  /** What stands behind `"data":` in an answer. */
  readonly data: Uint8Array;
  /** May be a few seconds behind. */
  standing: RefreshStanding;
  /** A refresh was asked for from here: not again before this instant (Unix ms). */
  askedUntil: number;
  /** What was asked for last found no room. */
  askedInVain?: boolean;
  /** A reader of this process is trying the upstream for it: others don't try besides. */
  trying: boolean;
}

/** What a load gives: the entry, or only how the refreshing of the key stands. */
export type Loaded =
  | { readonly _tag: "Held"; readonly held: Held }
  | { readonly _tag: "Absent"; readonly standing: RefreshStanding };

/** When what was found was answered, 0 where there is nothing. */
export function answeredAt(loaded: Loaded): number {
  return loaded._tag === "Held" ? loaded.held.entry.responseAt : 0;
}

export function standingOf(loaded: Loaded): RefreshStanding {
  return loaded._tag === "Held" ? loaded.held.standing : loaded.standing;
}

export class EntryMemory extends Context.Service<
  EntryMemory,
  {
    /** What is held, `undefined` for what is not. Touches no store. */
    readonly peek: (id: EntryId) => Held | undefined;
    /**
     * What is held, else what `find` finds, which is then held. However many ask at once,
     * `find` runs once. What was purged or replaced while it ran is not held, and not
     * given to who asks later.
     */
    readonly load: (
      id: EntryId,
      find: Effect.Effect<Found, StoreUnavailable>,
    ) => Effect.Effect<Loaded, StoreUnavailable>;
    /**
     * As `load` for many: `find` runs once for those that are neither held nor loading.
     * `undefined` where `find` gives that: nothing was loaded then.
     */
    readonly loadMany: (
      ids: readonly EntryId[],
      find: (
        missing: readonly EntryId[],
      ) => Effect.Effect<readonly Found[] | undefined, StoreUnavailable>,
    ) => Effect.Effect<readonly Loaded[] | undefined, StoreUnavailable>;
    /** Entries that were read since this was last called. */
    readonly takeRead: () => readonly Held[];
    readonly clear: () => void;
    readonly size: () => { readonly entries: number; readonly bytes: number };
  }
>()("uni-cache/services/EntryMemory") {}
