/**
 * What a cache has to know of a status code.
 *
 * Source: RFC 9110 §15.1; RFC 9111 §3, §4.2.2 and §5.2.2.3; RFC 5861 §4.
 *
 * @module
 */

/**
 * "Responses with status codes that are defined as heuristically cacheable (e.g., 200, 203,
 * 204, 206, 300, 301, 308, 404, 405, 410, 414, and 501 in this specification) can be reused
 * by a cache with heuristic expiration" (RFC 9110 §15.1).
 */
const HEURISTIC = new Set([200, 203, 204, 206, 300, 301, 308, 404, 405, 410, 414, 501]);

/**
 * Those whose requirements on caches we know and keep: of RFC 9110 §15 and RFC 7725 (451).
 */
const UNDERSTOOD = new Set([
  200, 201, 202, 203, 204, 205, 206, 300, 301, 302, 303, 305, 307, 308, 400, 401, 402,
  403, 404, 405, 406, 407, 408, 409, 410, 411, 412, 413, 414, 415, 416, 417, 421, 422,
  426, 451, 500, 501, 502, 503, 504, 505,
]);

const NEVER_STORED = new Set([428, 429, 431, 511]);

export function isHeuristicallyCacheable(status: number): boolean {
  return HEURISTIC.has(status);
}

/** "the cache understands the response status code" (RFC 9111 §3). */
export function isUnderstood(status: number): boolean {
  return UNDERSTOOD.has(status);
}

/** "Responses with the 428 (429, 431, 511) status code MUST NOT be stored by a cache" (RFC 6585). */
export function neverStored(status: number): boolean {
  return NEVER_STORED.has(status);
}

/**
 * Whether a reply is an error that a stale response may stand in for: "An error is any
 * situation that would result in a 500, 502, 503, or 504 HTTP response status code being
 * returned" (RFC 5861 §4).
 */
export function isStaleIfErrorStatus(status: number): boolean {
  return status === 500 || status === 502 || status === 503 || status === 504;
}
