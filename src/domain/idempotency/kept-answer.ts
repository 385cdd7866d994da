/**
 * What is kept of an answer, to be given again.
 *
 * Kept is what would be the same if the request was judged anew at that moment: it was
 * carried out (2xx), or it is at odds with what there is (404, 409, 422). What may go away
 * by itself is not (401, 403, 429, 5xx), nor what was never understood (400, 413, 415).
 *
 * Source: contract §6.
 *
 * @module
 */

export interface Answer {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Uint8Array;
}

/** Whether an answer of `status` is given again to the same request. */
export function isKept(status: number): boolean {
  return (status >= 200 && status < 300) || [404, 409, 422].includes(status);
}

/** What describes the answer itself. */
const describing = new Set([
  "allow",
  "cache-control",
  "cache-status",
  "content-language",
  "content-location",
  "content-type",
  "etag",
  "last-modified",
  "link",
  "location",
  "retry-after",
  "vary",
]);

/**
 * The part of `answer` that is kept.
 *
 * Headers that belong to one exchange stay behind: `X-Request-Id`, `Date`, `Set-Cookie`,
 * and what says how a quota stood at that moment.
 */
export function keptPart(answer: Answer): Answer {
  const headers = answer.headers.filter(([name]) => {
    const lower = name.toLowerCase();
    return describing.has(lower) || lower.startsWith("x-uc-");
  });
  return { ...answer, headers };
}
