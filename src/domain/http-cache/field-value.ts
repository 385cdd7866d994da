/**
 * Reads header fields as RFC 9110 §5 defines them: names in any case, several lines of one
 * name, members between commas.
 *
 * Source: RFC 9110 §5.2 and §5.3 (lines and their order), §5.6.1 (lists), §5.6.4 (quoted strings).
 *
 * @module
 */
import type { HeaderList } from "../entry/entry.ts";

/** Whether `name` is `lower`, which is in lower case, in any case. */
function isNamed(name: string, lower: string): boolean {
  return name.length === lower.length && (name === lower || name.toLowerCase() === lower);
}

/** The value of each line called `lower`, in their order. */
export function fieldLines(headers: HeaderList, lower: string): readonly string[] {
  let lines: string[] | undefined;
  for (const [name, value] of headers) {
    if (isNamed(name, lower)) (lines ??= []).push(value);
  }
  return lines ?? NONE;
}

const NONE: readonly string[] = [];

/** The first line called `lower`, trimmed; `undefined` where there is none. */
export function firstLine(headers: HeaderList, lower: string): string | undefined {
  for (const [name, value] of headers) if (isNamed(name, lower)) return value.trim();
  return undefined;
}

export function hasField(headers: HeaderList, lower: string): boolean {
  return headers.some(([name]) => isNamed(name, lower));
}

/**
 * The lines called `lower` as one: "A recipient MAY combine multiple field lines within a
 * field section that have the same field name into one field line" (RFC 9110 §5.3).
 */
export function combinedValue(headers: HeaderList, lower: string): string | undefined {
  let combined: string | undefined;
  for (const [name, value] of headers) {
    if (!isNamed(name, lower)) continue;
    combined = combined === undefined ? value : `${combined}, ${value}`;
  }
  return combined;
}

/** `headers` without those whose names, in lower case, are among `names`. */
export function withoutFields(
  headers: HeaderList,
  names: ReadonlySet<string>,
): HeaderList {
  return headers.filter(([name]) => !names.has(name.toLowerCase()));
}

/**
 * The members of a list, trimmed, empty ones left out (RFC 9110 §5.6.1.2). A comma within
 * quotes is part of its member; quotes that nothing closes are characters like any other.
 *
 * @example A comma within quotes, and members that are not there
 * ```ts
 * import { listMembers } from "./field-value.ts";
 *
 * listMembers('a="1,2",, b ,'); // => ['a="1,2"', "b"]
 * ```
 */
export function listMembers(value: string): readonly string[] {
  if (!value.includes('"')) return trimmedParts(value.split(","));
  const parts: string[] = [];
  let begin = 0;
  for (let at = 0; at < value.length; at++) {
    if (value[at] === ",") {
      parts.push(value.slice(begin, at));
      begin = at + 1;
    } else if (value[at] === '"') {
      at = closingQuote(value, at) ?? at;
    }
  }
  parts.push(value.slice(begin));
  return trimmedParts(parts);
}

/** The members of all lines called `lower`, in lower case: names of fields, or methods. */
export function listedNames(headers: HeaderList, lower: string): readonly string[] {
  return fieldLines(headers, lower).flatMap((line) => listMembers(line.toLowerCase()));
}

function closingQuote(value: string, open: number): number | undefined {
  for (let at = open + 1; at < value.length; at++) {
    if (value[at] === '"') return at;
    if (value[at] === "\\") at++;
  }
  return undefined;
}

function trimmedParts(parts: readonly string[]): readonly string[] {
  const trimmed: string[] = [];
  for (const part of parts) {
    const text = part.trim();
    if (text !== "") trimmed.push(text);
  }
  return trimmed;
}

/** The text of a quoted string without its quotes and escapes; anything else as it is. */
export function unquoted(value: string): string {
  const isQuoted = value.length >= 2 && value.startsWith('"') && value.endsWith('"');
  return isQuoted ? value.slice(1, -1).replaceAll(/\\(.)/g, "$1") : value;
}

/** Whether `text` can be the name of a field (RFC 9110 §5.6.2). */
export function isToken(text: string): boolean {
  return /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(text);
}
