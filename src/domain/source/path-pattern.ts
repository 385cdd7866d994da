/**
 * What a key template says about the path of a key: a pattern for each segment, and
 * whether the path ends in `/`.
 *
 * @module
 */

import { type KeyCase, pathSegments } from "./key-spelling.ts";
import { percentDecoded } from "./percent-encoding.ts";
import {
  fillSegment,
  type Found,
  matchSegment,
  type ParamFault,
  parseSegment,
  type Pattern,
  type TemplateFault,
} from "./segment-pattern.ts";

export interface PathPattern {
  readonly _tag: "Path";
  /** Only the last one can be a `Rest`. */
  readonly segments: readonly Pattern[];
  /** `false` for the root path, which has no segment to end. */
  readonly trailingSlash: boolean;
}

/** Reads the path of a template. */
export function parsePath(path: string, keyCase: KeyCase): PathPattern | TemplateFault {
  const segments: Pattern[] = [];
  for (const raw of pathSegments(path)) {
    if (segments.at(-1)?._tag === "Rest") {
      return { _tag: "Refused", reason: "Nothing may follow {{name*}} in the path" };
    }
    const segment = parseSegment(raw, keyCase);
    if (segment._tag === "Refused") return segment;
    segments.push(segment);
  }
  return { _tag: "Path", segments, trailingSlash: endsInSlash(path, segments) };
}

/** Spells the segments of a path. `params` has a value for each placeholder. */
export function fillPath(
  { segments }: PathPattern,
  params: Readonly<Record<string, string>>,
  keyCase: KeyCase,
): { readonly _tag: "Filled"; readonly segments: readonly string[] } | ParamFault {
  const spelled: string[] = [];
  for (const pattern of segments) {
    if (pattern._tag === "Literal") {
      spelled.push(pattern.text);
      continue;
    }
    const { name } = pattern;
    const value = params[name] ?? "";
    // `/` is the one path that has a spelling without segments.
    const isRoot = pattern._tag === "Rest" && value === "" && segments.length === 1;
    const parts = pattern._tag === "Rest" ? value.split("/") : [value];
    for (const part of isRoot ? [] : parts) {
      const segment = fillSegment(pattern, part, keyCase);
      if (segment._tag === "Malformed") {
        return { _tag: "Refused", field: name, reason: segment.reason };
      }
      spelled.push(segment.text);
    }
  }
  return { _tag: "Filled", segments: spelled };
}

/** The values a normalised path has for the placeholders; `undefined` if it has none. */
export function matchPath(pattern: PathPattern, path: string): Found | undefined {
  const segments = pathSegments(path);
  // The root has no trailing slash whatever the template wants.
  const slashed = segments.length === 0 ? pattern.trailingSlash : path.endsWith("/");
  if (slashed !== pattern.trailingSlash) return undefined;

  const found: [string, string][] = [];
  for (const [index, part] of pattern.segments.entries()) {
    const value =
      part._tag === "Rest"
        ? matchRest(segments.slice(index), index)
        : matchSegment(part, segments[index] ?? "");
    if (value === undefined) return undefined;
    if (part._tag !== "Literal") found.push([part.name, value]);
  }
  const open = pattern.segments.at(-1)?._tag === "Rest";
  return open || segments.length === pattern.segments.length ? found : undefined;
}

function matchRest(segments: readonly string[], before: number): string | undefined {
  return segments.length > 0 || before === 0
    ? percentDecoded(segments.join("/"))?.normalize("NFC")
    : undefined;
}

function endsInSlash(path: string, segments: readonly Pattern[]): boolean {
  return segments.length > 0 && path.endsWith("/");
}
