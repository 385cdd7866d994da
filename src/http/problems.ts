/**
 * The one table from service errors to HTTP answers.
 *
 * Adding a tag to `ServiceError` without a row here is a compile error, and so is a route
 * whose effect can fail with a tag its `responses` do not declare.
 *
 * Body: RFC 9457 problem details with `code`, `request_id` and, for 422, `errors`. Sent as
 * `application/json`, as the API's clients expect, unless `Accept` asks for problem details.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import type { Context, TypedResponse } from "hono";
import { accepts } from "hono/accepts";
import type { FieldProblem, ServiceError } from "../services/errors.ts";

type Tag = ServiceError["_tag"];
type ErrorWith<T extends Tag> = Extract<ServiceError, { readonly _tag: T }>;

interface Row<E> {
  readonly status: 400 | 401 | 403 | 404 | 409 | 422 | 429 | 502 | 503 | 504;
  readonly code: string;
  readonly title: string;
  readonly headers?: (error: E) => Record<string, string>;
}

const retryAfter = (error: { readonly retryAfterSeconds: number }) => ({
  "Retry-After": String(error.retryAfterSeconds),
});

const problems = {
  Malformed: { status: 400, code: "MALFORMED", title: "Request can't be read" },
  NotAuthenticated: {
    status: 401,
    code: "AUTHENTICATION_REQUIRED",
    title: "Not authenticated",
    headers: () => ({ "WWW-Authenticate": 'Bearer realm="uni-cache"' }),
  },
  NotPermitted: { status: 403, code: "PERMISSION_REQUIRED", title: "Not permitted" },
  SourceNotFound: { status: 404, code: "SOURCE_NOT_FOUND", title: "Source not found" },
  EntryNotFound: { status: 404, code: "ENTRY_NOT_FOUND", title: "Entry not found" },
  TaskNotFound: { status: 404, code: "TASK_NOT_FOUND", title: "Task not found" },
  SourceExists: { status: 409, code: "SOURCE_EXISTS", title: "Source exists" },
  Invalid: { status: 422, code: "VALIDATION_FAILED", title: "Not valid" },
  QueueFull: {
    status: 429,
    code: "QUEUE_FULL",
    title: "Queue full",
    headers: retryAfter,
  },
  UpstreamFailed: {
    status: 502,
    code: "UPSTREAM_FAILED",
    title: "Upstream failed",
    headers: retryAfter,
  },
  StoreUnavailable: {
    status: 503,
    code: "STORE_UNAVAILABLE",
    title: "Store unavailable",
    headers: () => ({ "Retry-After": "1" }),
  },
  UpstreamTimedOut: {
    status: 504,
    code: "UPSTREAM_TIMEOUT",
    title: "Upstream timed out",
    headers: retryAfter,
  },
} as const satisfies { readonly [T in Tag]: Row<ErrorWith<T>> };

type StatusOf<T extends Tag> = (typeof problems)[T]["status"];

const FieldProblemSchema = z.object({ field: z.string(), message: z.string() });

export const ProblemSchema = z
  .object({
    type: z.literal("about:blank"),
    title: z.string().openapi({ example: "Entry not found" }),
    status: z.int().openapi({ example: 404 }),
    detail: z
      .string()
      .openapi({ example: 'Cannot find key "/weather/Oslo" in source "weather"' }),
    instance: z.string().openapi({ description: "The path of the request" }),
    code: z.string().openapi({ example: "ENTRY_NOT_FOUND" }),
    request_id: z.string(),
    errors: z
      .array(FieldProblemSchema)
      .optional()
      .openapi({ description: "With 422 only" }),
  })
  .openapi("Problem");

type Problem = z.infer<typeof ProblemSchema>;

const problemContent = {
  "application/json": { schema: ProblemSchema },
  "application/problem+json": { schema: ProblemSchema },
};

/** The `responses` entries for a route that can fail with `tags`. */
export function problemResponses<const T extends Tag>(...tags: readonly T[]) {
  const responses = tags.map((tag) => {
    const { status, title } = problems[tag];
    return [status, { description: title, content: problemContent }];
  });
  // Safe because every tag contributes exactly its own status as a key.
  return Object.fromEntries(responses) as {
    [K in T as StatusOf<K>]: { description: string; content: typeof problemContent };
  };
}

/** What every route with a body can answer besides, before its handler is asked. */
export const bodyProblemResponses = {
  413: { description: "Body too large", content: problemContent },
  415: { description: "Unsupported media type", content: problemContent },
};

/** Answers `c` with the row for `error`. */
export function problem<E extends ServiceError>(c: Context, error: E) {
  const row: Row<never> = problems[error._tag];
  // Safe because the row under a tag takes exactly the error with that tag.
  const headers = (row as Row<E>).headers?.(error) ?? {};
  const errors = error._tag === "Invalid" ? error.problems : fieldOf(error);
  const answer: Response = problemAnswer(c, {
    ...row,
    detail: error.message,
    headers,
    errors,
  });
  // Safe because the row has the status of its tag, and every problem has the one shape.
  return answer as Response & TypedResponse<Problem, StatusOf<E["_tag"]>, "json">;
}

function fieldOf(error: ServiceError): readonly FieldProblem[] | undefined {
  return error._tag === "Malformed"
    ? [{ field: error.field, message: error.reason }]
    : undefined;
}

export interface ProblemParts {
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  readonly headers?: Record<string, string> | undefined;
  readonly errors?: readonly FieldProblem[] | undefined;
}

/** A problem that no service error stands for, such as an unknown path. */
export function problemAnswer(c: Context, parts: ProblemParts) {
  const body: Problem = {
    type: "about:blank",
    title: parts.title,
    status: parts.status,
    detail: parts.detail,
    instance: instanceOf(c),
    code: parts.code,
    request_id: c.get("requestId") ?? "",
    ...(parts.errors === undefined ? {} : { errors: [...parts.errors] }),
  };
  const type = accepts(c, {
    header: "Accept",
    supports: ["application/json", "application/problem+json"],
    default: "application/json",
    match: (asked) =>
      asked.some(({ type, q }) => type === "application/problem+json" && q > 0)
        ? "application/problem+json"
        : "application/json",
  });
  return c.json(body, parts.status as 500, {
    ...parts.headers,
    "Content-Type":
      type === "application/json" ? "application/json; charset=utf-8" : type,
    "Cache-Control": "no-store",
  });
}

/** The path as it was asked for, without the query, which may hold what is nobody's business. */
function instanceOf(c: Context): string {
  return URL.parse(c.req.url)?.pathname ?? c.req.path;
}
