/**
 * What the OpenAPI document says of the headers that several routes answer with.
 *
 * @module
 */

export const describeHeader = (description: string, example: string) => ({
  description,
  schema: { type: "string" as const },
  example,
});

const ofErrors: Readonly<Record<string, string>> = {
  Location: "The task",
  "Retry-After": "Whole seconds after which asking again makes sense",
  "WWW-Authenticate": "How to authenticate (RFC 9110 §11.6.1)",
};

/** What is said of a header that an error comes with, in whatever face. */
export const errorHeaderText = (name: string): string => ofErrors[name] ?? name;

/** The budget of the source's calls. */
export const budgetHeadersSchema = {
  "X-RateLimit-Limit": describeHeader("Calls of the source's tightest budget", "5"),
  "X-RateLimit-Remaining": describeHeader("Upstream calls that could start now", "2"),
  "X-RateLimit-Reset": describeHeader("Seconds until that grows", "12"),
  RateLimit: describeHeader("The same, by the IETF draft", '"minute";r=2;t=12'),
  "RateLimit-Policy": describeHeader(
    "Every window of the source's limit",
    '"minute";q=5;w=60',
  ),
};

/** A task that was queued. */
export const taskHeadersSchema = {
  Location: describeHeader(
    "The task",
    "/api/v1/tasks/t_019a9f3c2b1e4d5f60718293a4b5c6d7",
  ),
  "X-UC-Task-Id": describeHeader("The task's id", "t_019a9f3c2b1e4d5f60718293a4b5c6d7"),
};

/** A read that nothing was served for. */
export const unservedHeadersSchema = {
  "X-UC-Cache": describeHeader("MISS, where the source is there", "MISS"),
  "Cache-Status": describeHeader("RFC 9211", "uni-cache;fwd=uri-miss"),
  ...budgetHeadersSchema,
};

/** How a read was answered. */
export const readHeadersSchema = {
  "X-UC-Cache": describeHeader("HIT, MISS, STALE or BYPASS", "HIT"),
  "X-UC-Age": describeHeader(
    "Whole seconds since the entry was stored or confirmed",
    "42",
  ),
  ETag: describeHeader("Of the data; weak", 'W/"n4bQgYhMfWWaL-qgxVrQFa"'),
  "Cache-Control": describeHeader(
    "How long a client may keep the answer",
    "private, max-age=558",
  ),
  "Cache-Status": describeHeader("RFC 9211", "uni-cache;hit;ttl=558"),
  ...budgetHeadersSchema,
};

export const retryAfterHeaderSchema = {
  "Retry-After": describeHeader("Seconds until an answer is likely", "12"),
};
