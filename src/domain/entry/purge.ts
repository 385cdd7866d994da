/**
 * Which entries a purge selects.
 *
 * A selection is a value that travels: the store turns it into one statement, every
 * process applies it to its memory, and every exchange that began before it is
 * judged by it. All three must select the same entries, so the rule is here.
 *
 * @module
 */
import type { EntryId } from "./entry.ts";

export type PurgeSelection =
  /** Every entry of a space. */
  | { readonly _tag: "Space"; readonly space: string }
  /** One entry. */
  | { readonly _tag: "Key"; readonly space: string; readonly key: string };

/** Whether `selection` covers the entry under `id`. */
export function selects(selection: PurgeSelection, id: EntryId): boolean {
  switch (selection._tag) {
    case "Space":
      return selection.space === id.space;
    case "Key":
      return selection.space === id.space && selection.key === id.key;
  }
}
