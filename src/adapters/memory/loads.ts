/**
 * Loads from the store that are under way in this process, one a name.
 *
 * A load whose entry is purged or replaced meanwhile is spoiled: nobody who asks from then
 * on is given its result, and what it brings is not held.
 *
 * @module
 */
import * as Deferred from "effect/Deferred";
import type * as Exit from "effect/Exit";
import { type EntryId, newsName } from "../../domain/entry/entry.ts";
import { mightSelect, type PurgeSelection } from "../../domain/entry/purge.ts";
import type { StoreUnavailable } from "../../services/errors.ts";

/** For all that wait for it. */
export interface Load<A> {
  readonly name: string;
  readonly id: EntryId;
  readonly done: Deferred.Deferred<A, StoreUnavailable>;
}

export function loads<A>() {
  const underWay = new Map<string, Load<A>>();

  const spoil = (affected: (id: EntryId) => boolean) => {
    for (const [name, { id }] of underWay) {
      if (affected(id)) underWay.delete(name);
    }
  };

  return {
    /** What to wait for instead of loading again. */
    find: (name: string): Load<A> | undefined => underWay.get(name),

    begin: (name: string, id: EntryId): Load<A> => {
      const load: Load<A> = { name, id, done: Deferred.makeUnsafe() };
      underWay.set(name, load);
      return load;
    },

    /** Wakes who waits; `hold` is given what may be held. */
    finish: (
      load: Load<A>,
      exit: Exit.Exit<A, StoreUnavailable>,
      hold: (loaded: A) => void,
    ) => {
      const isSpoiled = underWay.get(load.name) !== load;
      if (!isSpoiled) underWay.delete(load.name);
      if (!isSpoiled && exit._tag === "Success") hold(exit.value);
      Deferred.doneUnsafe(load.done, exit);
    },

    /** What is loading is not known by its params yet. */
    purge: (selection: PurgeSelection) => spoil((id) => mightSelect(selection, id)),

    /** The store has it otherwise; names are `newsName`. */
    replaced: (names: readonly string[]) => {
      if (underWay.size === 0) return;
      const replaced = new Set(names);
      spoil((id) => replaced.has(newsName(id)));
    },

    spoilAll: () => underWay.clear(),
  };
}
