/**
 * Which held entries have a param of a given value, so that clearing what is about one
 * thing need not look at everything that is held.
 *
 * @module
 */
import type { Entry } from "../../domain/entry/entry.ts";
import type { WantedParams } from "../../domain/entry/purge.ts";

type Params = Entry["params"];

export interface ParamIndex {
  readonly add: (name: string, params: Params) => void;
  readonly remove: (name: string, params: Params) => void;
  /** Names of all entries that have the wanted params, and maybe of others. */
  readonly candidates: (wanted: WantedParams) => readonly string[];
}

export function paramIndex(): ParamIndex {
  /** Most values are of one entry only: then there is no set. */
  const having = new Map<string, string | Set<string>>();

  const namesAt = (place: string): readonly string[] => {
    const names = having.get(place);
    if (names === undefined) return [];
    return typeof names === "string" ? [names] : [...names];
  };
  const sizeAt = (place: string): number => {
    const names = having.get(place);
    return typeof names === "object" ? names.size : names === undefined ? 0 : 1;
  };

  /** Of the param that the fewest entries have. */
  const fewest = (params: Params): readonly string[] => {
    const places = placesOf(params).toSorted((a, b) => sizeAt(a) - sizeAt(b));
    return places[0] === undefined ? [] : namesAt(places[0]);
  };

  return {
    add: (name, params) => {
      for (const place of placesOf(params)) {
        const names = having.get(place);
        if (typeof names === "object") names.add(name);
        else having.set(place, names === undefined ? name : new Set([names, name]));
      }
    },
    remove: (name, params) => {
      for (const place of placesOf(params)) {
        const names = having.get(place);
        if (typeof names === "object") names.delete(name);
        if (names === name || sizeAt(place) === 0) having.delete(place);
      }
    },
    candidates: ({ values, lowered = {} }) => [...fewest(values), ...fewest(lowered)],
  };
}

const placesOf = (params: Params): readonly string[] =>
  Object.entries(params).map(([name, value]) => `${name}\0${value}`);
