/**
 * Where a source is called: its base URL, and the request target for each key.
 *
 * A target is text joined onto the base, because a URL parser that resolves one
 * against the other could leave the base. It is then parsed once more: whatever does
 * not keep the origin and the prefix, or is changed by the parser at all, is refused.
 *
 * Source: WHATWG URL, RFC 9112 §3.2.1 (origin-form).
 *
 * @module
 */

import { cutQuery, pathSegments, queryParts, spellSegment } from "./key-spelling.ts";
import { CONTROL } from "./percent-encoding.ts";
import { queryValueText } from "./query-pattern.ts";

/** `url` is `origin` and `prefix` together; `prefix` is empty or `/…` without a last `/`. */
export interface BaseUrl {
  readonly _tag: "BaseUrl";
  readonly url: string;
  readonly origin: string;
  readonly prefix: string;
}

/** A request line's target at `origin`; it holds the secret values of the query. */
export type UpstreamTarget =
  | { readonly _tag: "Target"; readonly target: string; readonly origin: string }
  | UrlFault;

export interface UrlFault {
  readonly _tag: "Refused";
  readonly reason: string;
}

/** Reads the base URL of a source. A path in it becomes the prefix of every target. */
export function parseBaseUrl(text: string): BaseUrl | UrlFault {
  if (CONTROL.test(text) || /[\s\\]/u.test(text)) {
    return refused("Spaces, control characters and backslashes are not allowed");
  }
  const [, authority = "", path = ""] =
    /^https?:\/\/([^/?#]+)([^?#]*)$/i.exec(text) ?? [];
  if (authority === "") {
    return refused("Must be http://host or https://host, without query and fragment");
  }
  if (authority.includes("@")) return refused("User info is not allowed");
  if (path.includes("//")) return refused("Empty path segments are not allowed");

  const origin = URL.parse(text)?.origin;
  if (origin === undefined) return refused("Not a valid URL");
  const segments: string[] = [];
  for (const raw of pathSegments(path)) {
    const segment = spellSegment(raw, "preserve");
    if (segment._tag === "Malformed") return refused(segment.reason);
    segments.push(segment.text);
  }
  const prefix = segments.map((segment) => `/${segment}`).join("");
  return { _tag: "BaseUrl", url: `${origin}${prefix}`, origin, prefix };
}

/**
 * Joins a normalised key onto the base, and fills in the query parameters it lacks.
 *
 * @example A parameter that the key has is left alone
 * ```ts
 * import { parseBaseUrl, upstreamTarget } from "./upstream-url.ts";
 *
 * const base = parseBaseUrl("https://api.example.com/v1/");
 * if (base._tag === "Refused") throw new Error(base.reason);
 * const target = upstreamTarget(base, { units: "metric", lang: "en" }, "/w?lang=de");
 * target; // => { _tag: "Target", target: "/v1/w?lang=de&units=metric", origin: "https://api.example.com" }
 * ```
 */
export function upstreamTarget(
  base: BaseUrl,
  defaultQuery: Readonly<Record<string, string>>,
  key: string,
): UpstreamTarget {
  const cut = cutQuery(key);
  const path = `${base.prefix}${cut.path}`;
  const present = new Set(queryParts(cut.query).map(({ name }) => queryValueText(name)));
  const defaults = Object.entries(defaultQuery).filter(([name]) => !present.has(name));
  if (!defaults.flat().every((text) => text.isWellFormed())) {
    return refused("The default query holds half a surrogate pair");
  }
  const query = [
    ...(cut.query === "" ? [] : [cut.query]),
    ...defaults.map((pair) => pair.map(fullyEscaped).join("=")),
  ].join("&");
  const target = query === "" ? path : `${path}?${query}`;

  // Some servers read a target that begins with `//` as the name of a host.
  if (path.startsWith("//")) return refused(OUTSIDE);
  const url = URL.parse(`${base.origin}${target}`);
  const stays =
    url !== null &&
    url.origin === base.origin &&
    url.pathname.startsWith(`${base.prefix}/`) &&
    url.pathname === path &&
    // The one printable character that the parser escapes and RFC 3986 does not.
    url.search === (query === "" ? "" : `?${query.replaceAll("'", "%27")}`);
  return stays ? { _tag: "Target", target, origin: base.origin } : refused(OUTSIDE);
}

const OUTSIDE = "The key doesn't name a path below the base URL";

/** Leaves only unreserved characters as they are. */
function fullyEscaped(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function refused(reason: string): UrlFault {
  return { _tag: "Refused", reason };
}
