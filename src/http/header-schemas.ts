/**
 * What the OpenAPI document says of the headers that several routes answer with.
 *
 * @module
 */

const header = (description: string, example: string) => ({
  description,
  schema: { type: "string" as const },
  example,
});

/** The budget of the source's calls. */
export const budgetHeadersSchema = {
  "X-RateLimit-Limit": header("Calls of the source's tightest budget", "5"),
  "X-RateLimit-Remaining": header("Upstream calls that could start now", "2"),
  "X-RateLimit-Reset": header("Seconds until that grows", "12"),
  RateLimit: header("The same, by the IETF draft", '"minute";r=2;t=12'),
  "RateLimit-Policy": header("Every window of the source's limit", '"minute";q=5;w=60'),
};

/** A task that was queued. */
export const taskHeadersSchema = {
  Location: header("The task", "/api/v1/tasks/t_019a9f3c2b1e4d5f60718293a4b5c6d7"),
  "X-UC-Task-Id": header("The task's id", "t_019a9f3c2b1e4d5f60718293a4b5c6d7"),
};

/** A read that nothing was served for. */
export const unservedHeadersSchema = {
  "X-UC-Cache": header("MISS, where the source is there", "MISS"),
  "Cache-Status": header("RFC 9211", "uni-cache; fwd=uri-miss"),
  ...budgetHeadersSchema,
};

/** How a read was answered. */
export const readHeadersSchema = {
  "X-UC-Cache": header("HIT, MISS, STALE or BYPASS", "HIT"),
  "X-UC-Age": header("Whole seconds since the entry was stored or confirmed", "42"),
  ETag: header("Of the data; weak", 'W/"n4bQgYhMfWWaL-qgxVrQFa"'),
  "Cache-Control": header(
    "How long a client may keep the answer",
    "private, max-age=558",
  ),
  "Cache-Status": header("RFC 9211", "uni-cache; hit; ttl=558"),
  ...budgetHeadersSchema,
};

export const retryAfterHeaderSchema = {
  "Retry-After": header("Seconds until an answer is likely", "12"),
};
