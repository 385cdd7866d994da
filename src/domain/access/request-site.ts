/**
 * Whether a browser sent a call for a page of another site.
 *
 * A browser says it by `Sec-Fetch-Site` and `Origin`, which no page can set. A client that
 * sends neither is no browser, and is judged by its token alone.
 *
 * Source: OWASP Cross-Site Request Forgery Prevention Cheat Sheet; Fetch Metadata; RFC 6454
 * §7 (Origin).
 *
 * @module
 */

export interface RequestSite {
  /** `Sec-Fetch-Site` */
  readonly fetchSite: string | undefined;
  /** `Origin` */
  readonly origin: string | undefined;
  /** Host and port that the call was sent to, as in `Host`. */
  readonly host: string | undefined;
}

/**
 * @example A page of another host
 * ```ts
 * import { isFromElsewhere } from "./request-site.ts";
 *
 * const host = "cache.example.com";
 * isFromElsewhere({ fetchSite: "same-site", origin: "https://www.example.com", host }); // => true
 * isFromElsewhere({ fetchSite: undefined, origin: undefined, host }); // => false
 * ```
 */
export function isFromElsewhere({ fetchSite, origin, host }: RequestSite): boolean {
  if (fetchSite?.trim().toLowerCase() === "cross-site") return true;
  if (origin === undefined) return false;
  const url = URL.parse(origin);
  // The scheme may differ: a proxy in front of us may speak https.
  const ours = url && host !== undefined ? URL.parse(`${url.protocol}//${host}`) : null;
  return url === null || ours === null || url.host === "" || url.host !== ours.host;
}
