/**
 * What a key template says about the query of a key: exactly these names, in key
 * order, each with a literal value, a placeholder, or no `=` at all.
 *
 * @module
 */

import {
  byName,
  type KeyCase,
  queryParts,
  type QueryPart,
  canonicalText,
  textFault,
} from "./key-spelling.ts";
import { percentDecoded, percentEncoded } from "./percent-encoding.ts";
import {
  type Found,
  type Hole,
  type Literal,
  type ParamFault,
  parseQueryText,
  type TemplateFault,
} from "./segment-pattern.ts";

export interface QueryPattern {
  readonly _tag: "Query";
  readonly parts: readonly PartPattern[];
}

/** `value` is `undefined` where there is no `=`. */
interface PartPattern {
  readonly name: string;
  readonly value: Literal | Hole | undefined;
}

/** Reads the query of a template. */
export function parseQuery(
  query: string,
  keyCase: KeyCase,
): QueryPattern | TemplateFault {
  const parts: PartPattern[] = [];
  for (const raw of queryParts(query)) {
    const name = parseQueryText(raw.name, keyCase);
    if (name._tag === "Refused") return name;
    if (name._tag === "Hole") {
      const reason = `{{${name.name}}} can't be the name of a query parameter`;
      return { _tag: "Refused", reason };
    }
    const value =
      raw.value === undefined ? undefined : parseQueryText(raw.value, keyCase);
    if (value?._tag === "Refused") return value;
    parts.push({ name: name.text, value });
  }
  return { _tag: "Query", parts: parts.toSorted(byName) };
}

/** Spells the pieces of a query. `params` has a value for each placeholder. */
export function fillQuery(
  pattern: QueryPattern,
  params: Readonly<Record<string, string>>,
  keyCase: KeyCase,
): { readonly _tag: "Filled"; readonly parts: readonly QueryPart[] } | ParamFault {
  const parts: QueryPart[] = [];
  for (const { name, value } of pattern.parts) {
    if (value?._tag !== "Hole") {
      parts.push({ name, value: value?.text });
      continue;
    }
    const text = params[value.name] ?? "";
    const reason = textFault(text);
    if (reason !== undefined) return { _tag: "Refused", field: value.name, reason };
    parts.push({ name, value: percentEncoded(canonicalText(text, keyCase), "data") });
  }
  return { _tag: "Filled", parts };
}

/** The values a normalised query has for the placeholders; `undefined` if it has none. */
export function matchQuery(pattern: QueryPattern, query: string): Found | undefined {
  const parts = queryParts(query);
  if (parts.length !== pattern.parts.length) return undefined;

  const found: [string, string][] = [];
  for (const [index, { name, value: wanted }] of pattern.parts.entries()) {
    const part = parts[index];
    if (part?.name !== name) return undefined;
    if (wanted?._tag === "Hole") {
      const value = part.value === undefined ? undefined : queryValueText(part.value);
      if (value === undefined) return undefined;
      // A reserved character is spelled apart from what it combines with.
      found.push([wanted.name, value.normalize("NFC")]);
    } else if (part.value !== wanted?.text) {
      return undefined;
    }
  }
  return found;
}

/** What a server reads from a query name or value; `undefined` for a malformed escape. */
export function queryValueText(spelled: string): string | undefined {
  return percentDecoded(spelled.replaceAll("+", " "));
}
