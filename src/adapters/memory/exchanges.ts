/**
 * The gateway's exchanges that are under way in this process, and what was purged since
 * each began.
 *
 * @module
 */
import type { EntryId } from "../../domain/entry/entry.ts";
import { mightSelect, type PurgeSelection, selects } from "../../domain/entry/purge.ts";
import type { StoredResponse } from "../../domain/gateway/stored-response.ts";

export interface UnderWay {
  readonly id: EntryId;
  /** The change log's number at the beginning. */
  readonly sinceSeq: number;
  /** Whether a purge may cover it, whatever its params turn out to be. */
  readonly isOutdated: () => boolean;
  /** Whether a purge covers what came of it. */
  readonly isCovered: (response: StoredResponse) => boolean;
  /** Purges may have been missed. */
  readonly isLost: () => boolean;
}

export function exchanges() {
  const underWay = new Map<UnderWay, PurgeSelection[] | "Lost">();

  const purgesOf = (one: UnderWay): readonly PurgeSelection[] => {
    const since = underWay.get(one);
    return since === undefined || since === "Lost" ? [] : since;
  };

  return {
    begin: (id: EntryId, sinceSeq: number): UnderWay => {
      const one: UnderWay = {
        id,
        sinceSeq,
        isOutdated: () => one.isLost() || purgesOf(one).length > 0,
        isCovered: (response) =>
          purgesOf(one).some((selection) => selects(selection, response)),
        isLost: () => underWay.get(one) === "Lost",
      };
      underWay.set(one, []);
      return one;
    },

    end: (one: UnderWay) => void underWay.delete(one),

    purge: (selection: PurgeSelection) => {
      for (const [{ id }, since] of underWay) {
        if (since !== "Lost" && mightSelect(selection, id)) since.push(selection);
      }
    },

    lose: () => {
      for (const one of underWay.keys()) underWay.set(one, "Lost");
    },
  };
}
