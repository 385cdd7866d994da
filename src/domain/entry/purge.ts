/**
 * Which entries a purge selects.
 *
 * A selection is a value that travels: the store turns it into one statement, every
 * process applies it to its memory, and every exchange that began before it is
 * judged by it. All three must select the same entries, so the rule is here.
 *
 * Params are compared decoded and in NFC. In a caseless space they are stored in lower
 * case, and a wanted value selects there as it is and in lower case: a space whose source
 * is gone may be one of which nobody knows the kind.
 *
 * @module
 */
import { canonicalText } from "../source/key-spelling.ts";
import type { Entry, EntryId } from "./entry.ts";

/** Entries of all spaces for which everything holds that is said. */
export interface Matching {
  readonly _tag: "Matching";
  /** In one of these spaces. */
  readonly spaces?: readonly string[];
  readonly key?: string;
  /** The key begins so, in its one spelling. */
  readonly prefix?: string;
  /** Each of these params has this value; made by `wantedParams`. */
  readonly params?: WantedParams;
  /** There is a param of this name, whatever it is. */
  readonly paramNamed?: string;
}

export interface WantedParams {
  readonly values: Params;
  /** The same in lower case, where it differs. */
  readonly lowered?: Params;
  /** Spaces in which `lowered` is wanted too; the store fills it in. */
  readonly caseless: readonly string[];
}

type Params = Entry["params"];

export type PurgeSelection =
  /** Every entry of a space. */
  | { readonly _tag: "Space"; readonly space: string }
  /** One entry. */
  | { readonly _tag: "Key"; readonly space: string; readonly key: string }
  | Matching;

/**
 * How `params` are looked for.
 *
 * @example Composed, and in lower case where that is another text
 * ```ts
 * import { wantedParams } from "./purge.ts";
 *
 * wantedParams({ instance_id: "7" }); // => { values: { instance_id: "7" }, caseless: [] }
 * wantedParams({ username: "Bob" }).lowered; // => { username: "bob" }
 * ```
 */
export function wantedParams(params: Params): WantedParams {
  const spelled = (keyCase: "preserve" | "lower"): Params =>
    Object.fromEntries(
      Object.entries(params).map(([name, value]) => [
        name,
        canonicalText(value, keyCase),
      ]),
    );
  const values = spelled("preserve");
  const lowered = spelled("lower");
  const isOther = Object.entries(lowered).some(([name, value]) => values[name] !== value);
  return { values, ...(isOther ? { lowered } : {}), caseless: [] };
}

/** Whether `selection` covers `entry`. */
export function selects(
  selection: PurgeSelection,
  entry: Pick<Entry, "space" | "key" | "params">,
): boolean {
  if (!mightSelect(selection, entry)) return false;
  if (selection._tag !== "Matching") return true;
  const { params: wanted, paramNamed } = selection;
  if (paramNamed !== undefined && !Object.hasOwn(entry.params, paramNamed)) return false;
  if (wanted === undefined || hasAll(entry.params, wanted.values)) return true;
  return (
    wanted.lowered !== undefined &&
    wanted.caseless.includes(entry.space) &&
    hasAll(entry.params, wanted.lowered)
  );
}

/** Whether `selection` can cover an entry under `id`, whatever its params are. */
export function mightSelect(selection: PurgeSelection, id: EntryId): boolean {
  switch (selection._tag) {
    case "Space":
      return selection.space === id.space;
    case "Key":
      return selection.space === id.space && selection.key === id.key;
    case "Matching": {
      const { spaces, key, prefix } = selection;
      return (
        (spaces === undefined || spaces.includes(id.space)) &&
        (key === undefined || key === id.key) &&
        (prefix === undefined || id.key.startsWith(prefix))
      );
    }
  }
}

const hasAll = (params: Params, wanted: Params): boolean =>
  Object.entries(wanted).every(
    ([name, value]) => Object.hasOwn(params, name) && params[name] === value,
  );
