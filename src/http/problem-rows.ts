/**
 * The one table from service errors to problems.
 *
 * Adding a tag to `ServiceError` without a row here is a compile error.
 *
 * @module
 */
import type { ServiceError } from "../services/errors.ts";
import type { ProblemParts } from "./problem-schema.ts";

export type Tag = ServiceError["_tag"];
export type ErrorWith<T extends Tag> = Extract<ServiceError, { readonly _tag: T }>;

/** What the problem of one service error is made of. */
export interface ProblemRow<E> {
  readonly status: 400 | 401 | 403 | 404 | 409 | 422 | 429 | 502 | 503 | 504;
  readonly code: string;
  readonly title: string;
  readonly headers?: (error: E) => Record<string, string>;
  /** Members of the body that only this problem has. */
  readonly members?: (error: E) => ProblemParts["members"];
}

export const retryAfter = (error: { readonly retryAfterSeconds: number }) => ({
  "Retry-After": String(error.retryAfterSeconds),
});

export const challenge = () => ({ "WWW-Authenticate": 'Bearer realm="uni-cache"' });

export const problemRows = {
  Malformed: { status: 400, code: "MALFORMED", title: "Request can't be read" },
  NotAuthenticated: {
    status: 401,
    code: "AUTHENTICATION_REQUIRED",
    title: "Not authenticated",
    headers: challenge,
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
} as const satisfies { readonly [T in Tag]: ProblemRow<ErrorWith<T>> };
