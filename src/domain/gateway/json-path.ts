/**
 * The path to one value in a JSON document: `$.user.roles[0]['display name']`.
 *
 * Of JSONPath only what names a single value: members and indexes. Whatever may select
 * several (`*`, `..`, slices, filters) is refused.
 *
 * Source: RFC 9535 §2.3.1 (name selector), §2.3.3 (index selector), §2.5.1 (child segment).
 *
 * @module
 */

/** Member names and array indexes, from the root on. */
export type JsonPath = readonly (string | number)[];

export type JsonPathDecision =
  | { readonly _tag: "Parsed"; readonly path: JsonPath }
  | { readonly _tag: "Refused"; readonly reason: string };

const LONGEST = 500;

/** `.name`, `[0]`, `['name']` or `["name"]`. */
const STEP =
  /\.(?<name>[\p{L}_][\p{L}\p{N}_-]*)|\[(?<index>0|[1-9]\d{0,8})\]|\['(?<single>(?:[^'\\]|\\.)*)'\]|\["(?<double>(?:[^"\\]|\\.)*)"\]/uy;

/**
 * Reads `text`; the root alone is a path too.
 *
 * @example Members and an index
 * ```ts
 * import { parseJsonPath } from "./json-path.ts";
 *
 * parseJsonPath("$.a.b[0]['c d']"); // => { _tag: "Parsed", path: ["a", "b", 0, "c d"] }
 * ```
 */
export function parseJsonPath(text: string): JsonPathDecision {
  if (text.length > LONGEST) return refused(`it is longer than ${LONGEST} characters`);
  if (!text.startsWith("$")) return refused("it does not begin with $");
  const path: (string | number)[] = [];
  for (let at = 1; at < text.length; at = STEP.lastIndex) {
    STEP.lastIndex = at;
    const { name, index, single, double } = STEP.exec(text)?.groups ?? {};
    const quoted = single ?? double;
    const step = index === undefined ? (name ?? unquoted(quoted)) : Number(index);
    if (step === undefined) {
      return refused(`only .name, ['name'] and [0] are known, not "${text.slice(at)}"`);
    }
    path.push(step);
  }
  return { _tag: "Parsed", path };
}

/** The value at `path`; `undefined` where there is none. */
export function valueAt(document: unknown, path: JsonPath): unknown {
  let value = document;
  for (const step of path) {
    if (typeof value !== "object" || value === null) return undefined;
    if (Array.isArray(value) !== (typeof step === "number")) return undefined;
    if (!Object.hasOwn(value, step)) return undefined;
    // Safe because the value is an object with that member.
    value = (value as Readonly<Record<string | number, unknown>>)[step];
  }
  return value;
}

/** Only the quotes and the backslash have an escape. */
const unquoted = (quoted: string | undefined): string | undefined =>
  quoted === undefined || /\\[^'"\\]/.test(quoted.replaceAll("\\\\", ""))
    ? undefined
    : quoted.replaceAll(/\\(.)/g, "$1");

const refused = (reason: string): JsonPathDecision => ({ _tag: "Refused", reason });
