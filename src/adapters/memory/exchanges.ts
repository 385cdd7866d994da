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

/** Purges are remembered for those that begin a little later by what was known before. */
const MOST_REMEMBERED = 256;

export function exchanges() {
  const underWay = new Map<UnderWay, PurgeSelection[] | "Lost">();
  const recent: { readonly seq: number; readonly selection: PurgeSelection }[] = [];
  /** Of purges up to here nothing is known any more. */
  let forgottenSeq = 0;

  const purgesOf = (one: UnderWay): readonly PurgeSelection[] => {
    const since = underWay.get(one);
    return since === undefined || since === "Lost" ? [] : since;
  };

  return {
    /** By what was known at `sinceSeq`. */
    begin: (id: EntryId, sinceSeq: number): UnderWay => {
      const one: UnderWay = {
        id,
        sinceSeq,
        isOutdated: () => one.isLost() || purgesOf(one).length > 0,
        isCovered: (response) =>
          purgesOf(one).some((selection) => selects(selection, response)),
        isLost: () => underWay.get(one) === "Lost",
      };
      const missed = recent.filter(
        ({ seq, selection }) => seq > sinceSeq && mightSelect(selection, id),
      );
      const isKnown = sinceSeq >= forgottenSeq;
      underWay.set(one, isKnown ? missed.map(({ selection }) => selection) : "Lost");
      return one;
    },

    end: (one: UnderWay) => void underWay.delete(one),

    purge: (selection: PurgeSelection, seq: number) => {
      recent.push({ seq, selection });
      if (recent.length > MOST_REMEMBERED) forgottenSeq = recent.shift()?.seq ?? seq;
      for (const [{ id }, since] of underWay) {
        if (since !== "Lost" && mightSelect(selection, id)) since.push(selection);
      }
    },

    lose: (seq: number) => {
      forgottenSeq = seq;
      recent.length = 0;
      for (const one of underWay.keys()) underWay.set(one, "Lost");
    },
  };
}
