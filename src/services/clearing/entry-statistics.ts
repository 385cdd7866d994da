/**
 * What is stored, in numbers.
 *
 * @module
 */
import * as Context from "effect/Context";
import type * as Effect from "effect/Effect";
import type { Entry } from "../../domain/entry/entry.ts";
import type { StoreUnavailable } from "../errors.ts";

/** Of entries that can be read. */
export interface Stored {
  readonly entries: number;
  /** Of their bodies. */
  readonly bytes: number;
}

export interface StoredBySource {
  /** Each source, those without entries too. */
  readonly bySource: ReadonlyMap<string, Stored>;
  /** Scaled up from a part: there is too much to look at all of it. */
  readonly isEstimate: boolean;
}

export interface StoredBody extends Pick<Entry, "encoding" | "body"> {
  /** Where it stands among all bodies. */
  readonly place: number;
}

export class EntryStatistics extends Context.Service<
  EntryStatistics,
  {
    /** In bounded time, however much is stored. */
    readonly stored: Effect.Effect<StoredBySource, StoreUnavailable>;
    /**
     * Some bodies of readable entries of sources that have `params`, behind the place `after`: as many
     * as make up a few megabytes, one at least; none at the end.
     */
    readonly bodiesWith: (
      params: Entry["params"],
      after: number,
    ) => Effect.Effect<readonly StoredBody[], StoreUnavailable>;
  }
>()("uni-cache/services/EntryStatistics") {}
