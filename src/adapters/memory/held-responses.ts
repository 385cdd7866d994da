/**
 * The gateway's responses that this process holds, a key with all its variants together.
 *
 * `LOCAL` ones are held nowhere else, no more of a scope than its capacity; `DISTRIBUTED`
 * ones stand in the store too. Least recently used keys go first.
 *
 * @module
 */
import { type EntryId, newsName } from "../../domain/entry/entry.ts";
import { type PurgeSelection, selects } from "../../domain/entry/purge.ts";
import type { StoredResponse } from "../../domain/gateway/stored-response.ts";
import type { Shelf } from "../../services/gateway/response-cache.ts";
import type { Kept, MemoryBudget } from "./memory-budget.ts";
import { paramIndex } from "./param-index.ts";

/** Objects, headers and map slots around a body, roughly. */
const OVERHEAD_BYTES = 1_500;
/** Of a key that is held nowhere else. */
const MOST_VARIANTS = 64;

/** A key that is held. */
export interface Group extends Kept {
  /** The one that was answered last first; never empty. */
  readonly variants: readonly StoredResponse[];
}

/** Keys of one scope, in the order of their last use. */
interface LocalScope {
  readonly names: Set<string>;
  variants: number;
}

export function heldResponses(budget: MemoryBudget["Service"]) {
  const groups = new Map<string, Group>();
  const localScopes = new Map<string, LocalScope>();
  /** Those that stand in the store. */
  const nameOfNews = new Map<string, string>();
  const byParam = paramIndex();
  let [variants, bytes] = [0, 0];

  const forget = (shelf: Shelf, name: string) => {
    const group = groups.get(name);
    if (group === undefined) return;
    groups.delete(name);
    variants -= group.variants.length;
    bytes -= group.bytes;
    for (const one of group.variants) byParam.remove(name, one.params);
    const [first] = group.variants;
    if (shelf.storage === "DISTRIBUTED" && first) nameOfNews.delete(newsName(first));
    if (shelf.storage === "LOCAL") leaveScope(shelf, name, group);
    budget.giveBack(group);
  };

  const leaveScope = (shelf: Shelf, name: string, group: Group) => {
    const scope = localScopes.get(scopeOf(shelf));
    scope?.names.delete(name);
    if (scope !== undefined) scope.variants -= group.variants.length;
    if (scope?.names.size === 0) localScopes.delete(scopeOf(shelf));
  };

  const enterScope = (shelf: Shelf, name: string, group: Group) => {
    const scope = localScopes.get(scopeOf(shelf)) ?? { names: new Set(), variants: 0 };
    localScopes.set(scopeOf(shelf), scope);
    scope.names.add(name);
    scope.variants += group.variants.length;
    for (const oldest of scope.names) {
      if (scope.variants <= shelf.capacity) break;
      drop(oldest);
    }
  };

  const drop = (name: string) => groups.get(name)?.drop();

  return {
    find: (shelf: Shelf, id: EntryId): Group | undefined => {
      const name = nameOf(shelf, id);
      const group = groups.get(name);
      if (group === undefined) return undefined;
      budget.use(group);
      const scope =
        shelf.storage === "LOCAL" ? localScopes.get(scopeOf(shelf)) : undefined;
      if (scope?.names.delete(name) === true) scope.names.add(name);
      return group;
    },

    /** What is held of the key instead; `false` where there is no room for it. */
    hold: (shelf: Shelf, id: EntryId, found: readonly StoredResponse[]): boolean => {
      const name = nameOf(shelf, id);
      drop(name);
      const isLocal = shelf.storage === "LOCAL";
      const kept = isLocal
        ? found.slice(0, Math.min(MOST_VARIANTS, shelf.capacity))
        : found;
      if (kept.length === 0) return false;
      const group: Group = {
        variants: kept,
        bytes: kept.reduce((sum, one) => sum + sizeOf(one), 0),
        drop: () => forget(shelf, name),
      };
      if (!budget.take(group)) return false;
      groups.set(name, group);
      variants += kept.length;
      bytes += group.bytes;
      for (const one of kept) byParam.add(name, one.params);
      if (isLocal) enterScope(shelf, name, group);
      else nameOfNews.set(newsName(id), name);
      return true;
    },

    drop: (shelf: Shelf, id: EntryId) => drop(nameOf(shelf, id)),

    purge: (selection: PurgeSelection) => {
      const wanted = selection._tag === "Matching" ? selection.params : undefined;
      const names =
        selection._tag === "Key"
          ? STORAGES.map((storage) => nameOf({ storage }, selection))
          : wanted === undefined
            ? [...groups.keys()]
            : byParam.candidates(wanted);
      for (const name of names) {
        const group = groups.get(name);
        if (group?.variants.some((one) => selects(selection, one))) group.drop();
      }
    },

    /** Forgets what the store has otherwise; names are `newsName`. */
    replaced: (names: readonly string[]) => {
      for (const news of names) {
        const name = nameOfNews.get(news);
        if (name !== undefined) drop(name);
      }
    },

    forgetStored: () => {
      for (const name of nameOfNews.values()) drop(name);
    },

    clear: () => {
      for (const name of groups.keys()) drop(name);
    },

    size: () => ({ entries: variants, bytes }),
  };
}

const STORAGES = ["LOCAL", "DISTRIBUTED"] as const;

export const nameOf = (
  { storage }: Pick<Shelf, "storage">,
  { space, key }: EntryId,
): string => `${storage === "LOCAL" ? "l" : "d"}${space}\0${key}`;

const scopeOf = ({ space, scope }: Shelf): string => `${space}\0${scope}`;

function sizeOf({ key, headers, body }: StoredResponse): number {
  const head = headers.reduce(
    (sum, [name, value]) => sum + name.length + value.length,
    0,
  );
  return OVERHEAD_BYTES + 2 * (key.length + head) + body.length;
}
