/**
 * Which keys a source has, and what their variable parts are called.
 *
 * A template is a path, with or without a query, in which `{{name}}` stands for a
 * path segment (or a part of one) or for a whole query value, and `{{name*}}`, last
 * in the path, for one segment or more. It is spelled as freely as a key is.
 *
 * The names in a template's query are exact: a key has these and no others. A
 * template that ends in `{{name*}}` and has no query admits any query; it belongs to
 * the key and not to the params. `/{{path*}}` admits `/` too, with an empty `path`.
 *
 * Params are plain text: NFC, decoded, and `+` in a query value is a space. For each
 * key that was filled in, matching gives back the params it was filled from. In a
 * value of `{{name*}}` an escaped `/` of the key can't be told from a plain one.
 *
 * @module
 */

import { type KeyDecision, keyFrom, MAX_KEY_BYTES, normaliseKey } from "./cache-key.ts";
import { cutQuery, type KeyCase, textFault } from "./key-spelling.ts";
import { fillPath, matchPath, parsePath, type PathPattern } from "./path-pattern.ts";
import { fillQuery, matchQuery, parseQuery, type QueryPattern } from "./query-pattern.ts";
import type { ParamFault, TemplateFault } from "./segment-pattern.ts";

/** The values of a template's placeholders, by name. */
export type Params = Readonly<Record<string, string>>;

/** What {@link parseKeyTemplate} reads. */
export interface KeyTemplate {
  readonly _tag: "Template";
  readonly keyCase: KeyCase;
  readonly path: PathPattern;
  /** `undefined`: any query is admitted. */
  readonly query: QueryPattern | undefined;
  /** Whether its keys end in `/`. */
  readonly trailingSlash: boolean;
  /** The placeholders, each once, in the order of the key. */
  readonly names: readonly string[];
}

const MAX_TEMPLATE_LENGTH = 2_048;

/** Reads a template for keys spelled by `keyCase`, which goes for its literals too. */
export function parseKeyTemplate(
  text: string,
  keyCase: KeyCase = "preserve",
): KeyTemplate | TemplateFault {
  const fault = text.trim() === "" ? "Must not be empty" : textFault(text);
  if (fault !== undefined) return { _tag: "Refused", reason: fault };
  if (text.length > MAX_TEMPLATE_LENGTH) {
    return { _tag: "Refused", reason: `Longer than ${MAX_TEMPLATE_LENGTH} characters` };
  }
  const cut = cutQuery(text.trim());
  const path = parsePath(cut.path, keyCase);
  if (path._tag === "Refused") return path;
  const query = parseQuery(cut.query, keyCase);
  if (query._tag === "Refused") return query;

  const names = [...path.segments, ...query.parts.map(({ value }) => value)].flatMap(
    (part) => (part === undefined || part._tag === "Literal" ? [] : [part.name]),
  );
  const repeated = names.find((name, index) => names.indexOf(name) !== index);
  if (repeated !== undefined) {
    return { _tag: "Refused", reason: `The name "${repeated}" is used more than once` };
  }
  const isOpen = path.segments.at(-1)?._tag === "Rest" && query.parts.length === 0;
  return {
    _tag: "Template",
    keyCase,
    path,
    query: isOpen ? undefined : query,
    trailingSlash: path.trailingSlash,
    names,
  };
}

/**
 * Puts one value into each placeholder, escaped, so that no value can add a segment
 * or a query parameter.
 *
 * @example A slash in a value is part of the value
 * ```ts
 * import { fillTemplate, parseKeyTemplate } from "./key-template.ts";
 *
 * const template = parseKeyTemplate("/weather/{{city}}");
 * if (template._tag === "Refused") throw new Error(template.reason);
 * fillTemplate(template, { city: "a/b" }); // => { _tag: "Filled", key: "/weather/a%2Fb" }
 * ```
 */
export function fillTemplate(
  template: KeyTemplate,
  params: Params,
): { readonly _tag: "Filled"; readonly key: string } | ParamFault {
  const { keyCase, names } = template;
  const unknown = Object.keys(params).find((name) => !names.includes(name));
  if (unknown !== undefined) {
    return { _tag: "Refused", field: unknown, reason: "Not a name in the key template" };
  }
  const missing = names.find((name) => !Object.hasOwn(params, name));
  if (missing !== undefined) {
    return { _tag: "Refused", field: missing, reason: "Missing" };
  }
  // Spelled they have at least the length that they have here, and spelling takes time.
  let length = 0;
  for (const name of names) {
    length += params[name]?.length ?? 0;
    if (length <= MAX_KEY_BYTES) continue;
    const reason = `Makes the key longer than ${MAX_KEY_BYTES} bytes`;
    return { _tag: "Refused", field: name, reason };
  }

  const path = fillPath(template.path, params, keyCase);
  if (path._tag === "Refused") return path;
  const query = fillQuery(
    template.query ?? { _tag: "Query", parts: [] },
    params,
    keyCase,
  );
  if (query._tag === "Refused") return query;
  const key = keyFrom(path.segments, query.parts, template.trailingSlash);
  return { _tag: "Filled", key };
}

/** The params a normalised key was filled from; `undefined` if it doesn't match. */
export function matchTemplate(
  template: KeyTemplate,
  normalisedKey: string,
): Params | undefined {
  const { path, query } = cutQuery(normalisedKey);
  const inPath = matchPath(template.path, path);
  const inQuery = template.query === undefined ? [] : matchQuery(template.query, query);
  return inPath === undefined || inQuery === undefined
    ? undefined
    : Object.fromEntries([...inPath, ...inQuery]);
}

/** The one key that `text` means, if the template admits it. */
export function admittedKey(template: KeyTemplate, text: string): KeyDecision {
  const decision = normaliseKey(text, template);
  if (decision._tag !== "Key") return decision;
  return matchTemplate(template, decision.key) === undefined
    ? { _tag: "Refused", reason: "Key doesn't match the source's key_template" }
    : decision;
}
