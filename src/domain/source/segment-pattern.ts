/**
 * What a key template says about one part of a key: a path segment, or the name or
 * value of a query parameter.
 *
 * A part is literal text, or one placeholder. In a path segment literal text may
 * stand around the placeholder (`{{id}}.json`); it can then be cut off in one way
 * only. Literals are kept in the spelling they have in a key.
 *
 * @module
 */

import {
  canonicalText,
  DOT_SEGMENT,
  isDotSegment,
  type KeyCase,
  type Spelling,
  spellQueryText,
  spellSegment,
  textFault,
} from "./key-spelling.ts";
import { percentDecoded, percentEncoded } from "./percent-encoding.ts";

export interface Literal {
  readonly _tag: "Literal";
  readonly text: string;
}

/** A placeholder for one value, with the literal text around it. */
export interface Hole {
  readonly _tag: "Hole";
  readonly prefix: string;
  readonly name: string;
  readonly suffix: string;
}

/** A placeholder for all segments that are left. */
export interface Rest {
  readonly _tag: "Rest";
  readonly name: string;
}

export type Pattern = Literal | Hole | Rest;

/** The values of placeholders, in the order of the template. */
export type Found = readonly (readonly [name: string, value: string])[];

/** Why a text is not a template. */
export interface TemplateFault {
  readonly _tag: "Refused";
  readonly reason: string;
}

/** Why the param called `field` can't be filled in. */
export interface ParamFault {
  readonly _tag: "Refused";
  readonly field: string;
  readonly reason: string;
}

const PLACEHOLDER = /\{\{([A-Za-z_][A-Za-z0-9_]{0,63})(\*?)\}\}/;

/** Whole escapes and plain characters only, so that no cut goes through an escape. */
const WHOLE = /^(?:[^%]|%[0-9A-F]{2})+$/;

/** Reads one path segment of a template. */
export function parseSegment(raw: string, keyCase: KeyCase): Pattern | TemplateFault {
  const found = PLACEHOLDER.exec(raw);
  if (found === null) return literal(raw, keyCase, spellSegment);
  const [whole, name = "", star] = found;
  if (star === "*") {
    return whole === raw
      ? { _tag: "Rest", name }
      : refused(`${whole} must be a path segment of its own`);
  }
  // Marked where the value will stand, so that `.{{name}}` is not taken for a dot segment.
  const prefix = literal(`${raw.slice(0, found.index)}_`, keyCase, spellSegment);
  if (prefix._tag === "Refused") return prefix;
  const suffix = literal(
    `_${raw.slice(found.index + whole.length)}`,
    keyCase,
    spellSegment,
  );
  if (suffix._tag === "Refused") return suffix;
  return {
    _tag: "Hole",
    prefix: prefix.text.slice(0, -1),
    name,
    suffix: suffix.text.slice(1),
  };
}

/** Reads one query name or value of a template; a placeholder is the whole of it. */
export function parseQueryText(
  raw: string,
  keyCase: KeyCase,
): Literal | Hole | TemplateFault {
  const found = PLACEHOLDER.exec(raw);
  if (found === null) return literal(raw, keyCase, spellQueryText);
  const [whole, name = "", star] = found;
  return whole === raw && star === ""
    ? { _tag: "Hole", prefix: "", name, suffix: "" }
    : refused(`${whole} must be {{name}} and the whole of a query value`);
}

/** Spells the path segment that has `value` in its placeholder. */
export function fillSegment(
  pattern: Hole | Rest,
  value: string,
  keyCase: KeyCase,
): Spelling {
  const fault = value === "" ? "Must not be or hold an empty segment" : textFault(value);
  if (fault !== undefined) return { _tag: "Malformed", reason: fault };
  const { prefix, suffix } =
    pattern._tag === "Hole" ? pattern : { prefix: "", suffix: "" };
  const text = canonicalText(value, keyCase);
  const plain = [percentDecoded(prefix), text, percentDecoded(suffix)].join("");
  if (isDotSegment(plain)) return { _tag: "Malformed", reason: DOT_SEGMENT };
  if (canonicalText(plain, keyCase) !== plain) {
    return { _tag: "Malformed", reason: "Combines with the text beside the placeholder" };
  }
  return { _tag: "Spelled", text: `${prefix}${percentEncoded(text, "data")}${suffix}` };
}

/**
 * Gives the decoded value with which `pattern` spells `segment`, in NFC, the whole text
 * for a literal; `undefined` if it doesn't.
 */
export function matchSegment(
  pattern: Literal | Hole,
  segment: string,
): string | undefined {
  if (pattern._tag === "Literal") return segment === pattern.text ? segment : undefined;
  const { prefix, suffix } = pattern;
  if (!segment.startsWith(prefix) || !segment.endsWith(suffix)) return undefined;
  const value = segment.slice(prefix.length, segment.length - suffix.length);
  // A reserved character is spelled apart from what it combines with.
  return WHOLE.test(value) ? percentDecoded(value)?.normalize("NFC") : undefined;
}

function literal(
  raw: string,
  keyCase: KeyCase,
  spell: (raw: string, keyCase: KeyCase) => Spelling,
): Literal | TemplateFault {
  if (/[{}]/.test(raw)) {
    return refused(
      "A placeholder is {{name}} or {{name*}}, at most one in a segment; " +
        "a name is letters, digits and _, at most 64, not a digit first",
    );
  }
  const spelling = spell(raw, keyCase);
  return spelling._tag === "Spelled"
    ? { _tag: "Literal", text: spelling.text }
    : refused(spelling.reason);
}

function refused(reason: string): TemplateFault {
  return { _tag: "Refused", reason };
}
