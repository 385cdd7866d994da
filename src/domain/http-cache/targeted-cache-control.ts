/**
 * `CDN-Cache-Control`: what an origin tells the caches that stand before it for their
 * operator, and no one else.
 *
 * It is passed on as it came, since a cache nearer to the client may be meant as well.
 *
 * Source: RFC 9213 §2.1 (syntax), §2.2 (behaviour), §3 (the field); RFC 9651 §3.2.
 *
 * @module
 */
import { parseDictionary } from "structured-headers";
import type { HeaderList } from "../entry/entry.ts";
import type { Directive } from "./directives.ts";
import { combinedValue } from "./field-value.ts";

/**
 * Its directives, or `undefined` where `Cache-Control` and `Expires` count: "If a targeted
 * field in a given response is empty, or a parsing error is encountered, that field MUST be
 * ignored by the cache" (RFC 9213 §2.1).
 *
 * A boolean that is false is a directive that is absent. A lifetime that is no integer stays,
 * so that it can be taken for 0.
 */
export function targetedDirectives(
  headers: HeaderList,
): readonly Directive[] | undefined {
  const value = combinedValue(headers, "cdn-cache-control");
  if (value === undefined) return undefined;
  const members = dictionary(value);
  if (members === undefined || members.size === 0) return undefined;
  return [...members].flatMap(([name, [item]]): readonly Directive[] => {
    if (item === false) return [];
    if (item === true) return [[name, undefined]];
    return [
      [name, typeof item === "string" || isWhole(item) ? argumentOf(name, item) : "?"],
    ];
  });
}

function dictionary(value: string) {
  try {
    return parseDictionary(value);
  } catch {
    return undefined;
  }
}

function isWhole(item: unknown): item is number {
  return typeof item === "number" && Number.isInteger(item);
}

// A string is the argument of a directive about fields; a number in quotes is of the wrong type.
function argumentOf(name: string, item: string | number): string {
  const isAboutFields = name === "no-cache" || name === "private";
  return typeof item === "number" || isAboutFields ? String(item) : "?";
}
