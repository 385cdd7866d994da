/**
 * What a cache has to know of a method.
 *
 * Source: RFC 9110 §9.2.1 (safe methods), §9.2.3 (methods and caching), §9.3.3 (POST);
 * the register of methods for the safe ones of other specifications.
 *
 * @module
 */

const SAFE = new Set([
  "GET",
  "HEAD",
  "OPTIONS",
  "TRACE",
  "PROPFIND",
  "REPORT",
  "SEARCH",
  "QUERY",
]);

/** Whether a stored response can answer it: "GET" and, without the body, "HEAD". */
export function isAnsweredFromCache(method: string): boolean {
  return method === "GET" || method === "HEAD";
}

/** False for "unsafe methods", and for "methods whose safety is unknown" (RFC 9111 §4.4). */
export function isSafeMethod(method: string): boolean {
  return SAFE.has(method);
}
