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
import type { Context, TypedResponse } from "hono";
import { accepts } from "hono/accepts";
import type { FieldProblem, ServiceError } from "../services/errors.ts";
import { problemSamples } from "./problem-samples.ts";
import {
  describeProblems,
  problemBody,
  type Problem,
  type ProblemParts,
} from "./problem-schema.ts";

type Tag = ServiceError["_tag"];
type ErrorWith<T extends Tag> = Extract<ServiceError, { readonly _tag: T }>;

interface Row<E> {
  readonly status: 400 | 401 | 403 | 404 | 409 | 422 | 429 | 502 | 503 | 504;
  readonly code: string;
  readonly title: string;
  readonly headers?: (error: E) => Record<string, string>;
  /** Members of the body that only this problem has. */
  readonly members?: (error: E) => ProblemParts["members"];
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
  InvalidCredentials: {
    status: 401,
    code: "INVALID_CREDENTIALS",
    title: "Wrong name or password",
  },
  AccountDisabled: { status: 403, code: "ACCOUNT_DISABLED", title: "Account disabled" },
  CsrfMissing: { status: 403, code: "CSRF_MISSING", title: "CSRF token missing" },
  CsrfInvalid: { status: 403, code: "CSRF_INVALID", title: "CSRF token not valid" },
  SourceNotFound: { status: 404, code: "SOURCE_NOT_FOUND", title: "Source not found" },
  EntryNotFound: { status: 404, code: "ENTRY_NOT_FOUND", title: "Entry not found" },
  TaskNotFound: { status: 404, code: "TASK_NOT_FOUND", title: "Task not found" },
  TokenNotFound: { status: 404, code: "TOKEN_NOT_FOUND", title: "Token not found" },
  UserNotFound: { status: 404, code: "USER_NOT_FOUND", title: "User not found" },
  TokenNotRevocable: {
    status: 409,
    code: "TOKEN_NOT_REVOCABLE",
    title: "Token not revocable",
  },
  UserExists: { status: 409, code: "USER_EXISTS", title: "User exists" },
  LastAdmin: { status: 409, code: "LAST_ADMIN", title: "Last active admin" },
  InstanceNotFound: {
    status: 404,
    code: "INSTANCE_NOT_FOUND",
    title: "Instance not found",
  },
  InstanceExists: { status: 409, code: "INSTANCE_EXISTS", title: "Instance exists" },
  ClearUnderWay: { status: 409, code: "CLEAR_UNDER_WAY", title: "Clear under way" },
  RefreshUnfinished: {
    status: 409,
    code: "REFRESH_UNFINISHED",
    title: "Refresh unfinished",
    headers: ({ taskId }) => ({ Location: `/api/v1/tasks/${taskId}` }),
    members: ({ taskId }) => ({ task_id: taskId }),
  },
  TaskNotQueued: { status: 409, code: "TASK_NOT_QUEUED", title: "Task not queued" },
  SourceExists: { status: 409, code: "SOURCE_EXISTS", title: "Source exists" },
  SourceInUse: { status: 409, code: "SOURCE_IN_USE", title: "Source in use" },
  ProjectNotFound: {
    status: 404,
    code: "PROJECT_NOT_FOUND",
    title: "Project not found",
  },
  ProjectExists: { status: 409, code: "PROJECT_EXISTS", title: "Project exists" },
  ProjectNotEmpty: {
    status: 409,
    code: "PROJECT_NOT_EMPTY",
    title: "Project not empty",
  },
  ApiProxyNotFound: {
    status: 404,
    code: "API_PROXY_NOT_FOUND",
    title: "API proxy not found",
  },
  ApiProxyExists: { status: 409, code: "API_PROXY_EXISTS", title: "API proxy exists" },
  EndpointNotFound: {
    status: 404,
    code: "ENDPOINT_NOT_FOUND",
    title: "Endpoint not found",
  },
  EndpointExists: { status: 409, code: "ENDPOINT_EXISTS", title: "Endpoint exists" },
  IdempotencyKeyRunning: {
    status: 409,
    code: "IDEMPOTENCY_KEY_RUNNING",
    title: "Idempotency-Key still runs",
    headers: () => ({ "Retry-After": "1" }),
  },
  Invalid: { status: 422, code: "VALIDATION_FAILED", title: "Not valid" },
  IdempotencyKeyReused: {
    status: 422,
    code: "IDEMPOTENCY_KEY_REUSED",
    title: "Idempotency-Key reused",
  },
  QueueFull: {
    status: 429,
    code: "QUEUE_FULL",
    title: "Queue full",
    headers: retryAfter,
  },
  TooManyLogins: {
    status: 429,
    code: "RATE_LIMIT_EXCEEDED",
    title: "Too many logins",
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

/** The status of the problem that an error with this tag is. */
export type StatusOf<T extends Tag> = (typeof problems)[T]["status"];

/** The `responses` entries for a route that can fail with `tags`. */
export function problemResponses<const T extends Tag>(...tags: readonly T[]) {
  const samples = tags.map((tag) => problemParts(problemSamples[tag].error));
  const responses = [...Map.groupBy(samples, ({ status }) => status)].map(
    ([status, parts]) => [status, describeProblems(parts)],
  );
  // Safe because every tag contributes exactly its own status as a key.
  return Object.fromEntries(responses) as {
    [K in T as StatusOf<K>]: ReturnType<typeof describeProblems>;
  };
}

/** What a body can be refused for before its route's schema sees it. */
export const bodyProblems = {
  tooLarge: (maxMiB: number) => ({
    status: 413,
    code: "BODY_TOO_LARGE",
    title: "Body too large",
    detail: `Cannot take a body of more than ${maxMiB} MiB`,
  }),
  notJson: {
    status: 415,
    code: "UNSUPPORTED_MEDIA_TYPE",
    title: "Unsupported media type",
    detail: "Cannot read the body: its Content-Type must be application/json",
  },
} as const;

/** What every route with a body can answer besides, before its handler is asked. */
export const bodyProblemResponses = {
  413: describeProblems([bodyProblems.tooLarge(1)]),
  415: describeProblems([bodyProblems.notJson]),
};

/** An example of each problem that the document describes, by its code. */
export function problemExamples(): Readonly<Record<string, ProblemExample>> {
  const ofErrors = Object.values(problemSamples).map(({ instance, error }) =>
    exampleOf(problemParts(error), instance),
  );
  const ofBodies = [bodyProblems.tooLarge(1), bodyProblems.notJson].map((parts) =>
    exampleOf(parts, "/api/v1/sources"),
  );
  return Object.fromEntries([...ofErrors, ...ofBodies]);
}

interface ProblemExample {
  readonly summary: string;
  readonly value: Problem;
}

const exampleOf = (parts: ProblemParts, instance: string) =>
  [
    parts.code,
    { summary: parts.title, value: problemBody(parts, instance, "req-1") },
  ] as const;

/** Answers `c` with the row for `error`. */
export function problem<E extends ServiceError>(c: Context, error: E) {
  const answer: Response = problemAnswer(c, problemParts(error));
  // Safe because the row has the status of its tag, and every problem has the one shape.
  return answer as Response & TypedResponse<Problem, StatusOf<E["_tag"]>, "json">;
}

export function problemParts<E extends ServiceError>(error: E): ProblemParts {
  const row: Row<never> = problems[error._tag];
  // Safe because the row under a tag takes exactly the error with that tag.
  const headers = (row as Row<E>).headers?.(error) ?? {};
  const members = (row as Row<E>).members?.(error);
  const errors = error._tag === "Invalid" ? error.problems : fieldOf(error);
  return { ...row, detail: error.message, headers, errors, members };
}

function fieldOf(error: ServiceError): readonly FieldProblem[] | undefined {
  if (error._tag === "IdempotencyKeyReused") {
    return [{ field: "Idempotency-Key", message: "Must be new for another request" }];
  }
  return error._tag === "Malformed"
    ? [{ field: error.field, message: error.reason }]
    : undefined;
}

/** A problem that no service error stands for, such as an unknown path. */
export function problemAnswer(c: Context, parts: ProblemParts) {
  const body = problemBody(parts, instanceOf(c), c.get("requestId") ?? "");
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
