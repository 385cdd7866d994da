/**
 * Which parts of a request say who is asking.
 *
 * What was asked with them is one user's, and their values are never kept in the clear.
 * Upstreams name their API keys as they like, so names are judged by their words: one too
 * many costs a hit, one too few tells one user's answer to another.
 *
 * Source: RFC 9110 §11.6.2, §11.7.2 (`Authorization`, `Proxy-Authorization`), RFC 6265
 * §4.2 (`Cookie`), RFC 6750 §2.3 (`access_token`), contract §7.5.
 *
 * @module
 */

/** Words of a name, between hyphens or underscores. */
const WORD =
  /(?:^|[-_])(?:auth|authn|authorization|authentication|bearer|cookie2?|credentials?|jwt|passwd|password|secret|session|sessionid|sid|signature|sig|[a-z]*token)(?:$|[-_])/i;

const KEY =
  /(?:^|[-_a-z])(?:api|app|application|access|auth|client|consumer|developer|functions|license|private|project|secret|service|subscription|user)[-_]?key(?:$|[-_])/i;

/** Whether the values of the request header `name` are credentials. */
export function isCredentialHeader(name: string): boolean {
  return WORD.test(name) || KEY.test(name);
}

/** The same of a parameter in a query, a form or a path; in whatever style it is named. */
export function isCredentialParameter(name: string): boolean {
  const hyphened = name.replaceAll(/([a-z0-9])([A-Z])/g, "$1-$2");
  return isCredentialHeader(hyphened) || /^key$/i.test(name);
}
