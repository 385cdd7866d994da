/**
 * Where a redirect of an upstream leads.
 *
 * Only within the origin: the next request carries the source's credentials too.
 *
 * Source: RFC 9110 §10.2.2 (Location), §15.4 (redirects).
 *
 * @module
 */
import type { UrlFault } from "./upstream-url.ts";

export type RedirectTarget =
  | { readonly _tag: "Target"; readonly target: string }
  | UrlFault;

/** The target that `location` names, in the answer to `target` at `origin`. */
export function redirectTarget(
  origin: string,
  target: string,
  location: string,
): RedirectTarget {
  const url = URL.parse(location, `${origin}${target}`);
  if (url === null) return refused("Upstream redirected to what is no URL");
  if (url.origin !== origin) return refused("Upstream redirected to another origin");
  if (`${url.username}${url.password}` !== "") {
    return refused("Upstream redirected to a URL with user info");
  }
  return { _tag: "Target", target: `${url.pathname}${url.search}` };
}

function refused(reason: string): UrlFault {
  return { _tag: "Refused", reason };
}
