/**
 * The name of an endpoint: a path with `{param}` in its segments.
 *
 * Source: contract §7, OpenAPI 3.1 "Path Templating".
 *
 * @module
 */
import { textFault } from "../source/key-spelling.ts";
import { parseSegmentPattern, type SegmentPattern } from "./path-segment.ts";

export interface PathTemplate {
  readonly _tag: "Template";
  /** What stands between the slashes; `/a/` has an empty last one. */
  readonly segments: readonly SegmentPattern[];
  /** Of all values, in their order. */
  readonly names: readonly string[];
}

/** `reason` goes on from the name of the field: `must begin with /`. */
export interface TemplateFault {
  readonly _tag: "Refused";
  readonly reason: string;
}

const MOST_BYTES = 2_000;
const DOTS = /^(?:\.|%2e){1,2}$/i;

/** Reads the name of an endpoint, or the path it has at the upstream. */
export function parsePathTemplate(text: string): PathTemplate | TemplateFault {
  if (!text.startsWith("/")) return refused("must begin with /");
  if (textFault(text) !== undefined) {
    return refused("must be Unicode text without control characters");
  }
  if (new TextEncoder().encode(text).length > MOST_BYTES) {
    return refused(`must not have more than ${MOST_BYTES} bytes`);
  }
  const literals = text.replaceAll(/\{[^{}]*\}/g, "");
  if (/[?#\\]/.test(literals)) {
    return refused("must be a path without ?, # and \\");
  }
  const segments: SegmentPattern[] = [];
  for (const raw of text.slice(1).split("/")) {
    if (DOTS.test(raw)) return refused("must not have a segment . or ..");
    const segment = parseSegmentPattern(raw);
    if (segment === undefined)
      return refused("must have each {param} in braces of its own, within a segment");
    segments.push(segment);
  }
  return { _tag: "Template", segments, names: segments.flatMap(({ names }) => names) };
}

/** What `backend` asks for and `name` doesn't have; `undefined` if there is nothing. */
export function missingParam(
  name: PathTemplate,
  backend: PathTemplate,
): string | undefined {
  return backend.names.find((param) => !name.names.includes(param));
}

function refused(reason: string): TemplateFault {
  return { _tag: "Refused", reason };
}
