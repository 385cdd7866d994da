/**
 * The one table from service errors to refusals of the admin face, with their Chinese
 * messages; the English one is the error's own.
 *
 * Adding a tag to `ServiceError` without a row here is a compile error.
 *
 * @module
 */
import type { FieldProblem, ServiceError } from "../../services/errors.ts";
import { challenge, type ErrorWith, retryAfter, type Tag } from "../problem-rows.ts";
import type { Language } from "./language.ts";
import type { MessageCode } from "./message-codes.ts";
import { translated } from "./messages.ts";

interface Row<E> {
  readonly code: MessageCode;
  readonly zh: (error: E) => string;
  readonly headers?: (error: E) => Record<string, string>;
}

const upstreamFailed = { code: "INTERNAL_ERROR", zh: () => "上游服务请求失败" } as const;

const errorMessages = {
  StoreUnavailable: { code: "INTERNAL_ERROR", zh: () => "缓存存储不可用" },
  Malformed: {
    code: "VALIDATION_ERROR",
    zh: ({ field, reason }) => `请求参数无效：${field} ${translated(reason, "zh")}`,
  },
  Invalid: {
    code: "VALIDATION_ERROR",
    zh: ({ problems }) => `请求参数无效：${listed(problems)}`,
  },
  SourceNotFound: {
    code: "RESOURCE_NOT_FOUND",
    zh: ({ sourceId }) => `数据源不存在：${sourceId}`,
  },
  SourceExists: {
    code: "CONSTRAINT_VIOLATION",
    zh: ({ sourceId }) => `数据源已存在：${sourceId}`,
  },
  SourceInUse: {
    code: "CONSTRAINT_VIOLATION",
    zh: ({ sourceId }) => `数据源正被 API 代理使用：${sourceId}`,
  },
  ProjectNotFound: {
    code: "RESOURCE_NOT_FOUND",
    zh: ({ project }) => `项目不存在：${project}`,
  },
  ProjectExists: {
    code: "CONSTRAINT_VIOLATION",
    zh: ({ project }) => `项目已存在：${project}`,
  },
  ProjectNotEmpty: {
    code: "CONSTRAINT_VIOLATION",
    zh: ({ project }) => `项目中仍有 API 代理：${project}`,
  },
  ApiProxyNotFound: {
    code: "RESOURCE_NOT_FOUND",
    zh: ({ apiProxy }) => `API 代理不存在：${apiProxy}`,
  },
  ApiProxyExists: {
    code: "CONSTRAINT_VIOLATION",
    zh: ({ apiProxy }) => `API 代理已存在：${apiProxy}`,
  },
  EndpointNotFound: {
    code: "RESOURCE_NOT_FOUND",
    zh: ({ name, httpMethod }) => `端点不存在：${httpMethod} ${name}`,
  },
  EndpointExists: {
    code: "CONSTRAINT_VIOLATION",
    zh: ({ name, httpMethod }) => `端点已存在：${httpMethod} ${name}`,
  },
  EntryNotFound: {
    code: "RESOURCE_NOT_FOUND",
    zh: ({ key }) => `缓存条目不存在：${key}`,
  },
  TaskNotFound: {
    code: "RESOURCE_NOT_FOUND",
    zh: ({ taskId }) => `任务不存在：${taskId}`,
  },
  RefreshUnfinished: { code: "CONSTRAINT_VIOLATION", zh: () => "该键的刷新任务尚未完成" },
  TaskNotQueued: { code: "CONSTRAINT_VIOLATION", zh: () => "任务已不在队列中" },
  QueueFull: {
    code: "RATE_LIMIT_EXCEEDED",
    zh: () => "刷新队列已满",
    headers: retryAfter,
  },
  UpstreamFailed: upstreamFailed,
  UpstreamTimedOut: upstreamFailed,
  IdempotencyKeyReused: {
    code: "VALIDATION_ERROR",
    zh: () => "该 Idempotency-Key 已用于其他请求",
  },
  IdempotencyKeyRunning: {
    code: "CONSTRAINT_VIOLATION",
    zh: () => "该 Idempotency-Key 的首个请求仍在处理",
  },
  NotAuthenticated: {
    code: "AUTHENTICATION_REQUIRED",
    zh: () => "请先登录",
    headers: challenge,
  },
  NotPermitted: {
    code: "PERMISSION_REQUIRED",
    zh: ({ permission }) => `缺少权限：${permission}`,
  },
  InstanceNotFound: {
    code: "RESOURCE_NOT_FOUND",
    zh: ({ instanceId }) => `实例不存在：${instanceId}`,
  },
  InstanceExists: {
    code: "CONSTRAINT_VIOLATION",
    zh: ({ name }) => `实例名称已存在：${name}`,
  },
  ClearUnderWay: { code: "CONSTRAINT_VIOLATION", zh: () => "相同的缓存清除正在进行" },
  InvalidCredentials: { code: "INVALID_CREDENTIALS", zh: () => "用户名或密码错误" },
  AccountDisabled: { code: "ACCOUNT_DISABLED", zh: () => "账户已停用" },
  TooManyLogins: {
    code: "RATE_LIMIT_EXCEEDED",
    zh: () => "登录尝试过于频繁，请稍后重试",
    headers: retryAfter,
  },
  CsrfMissing: { code: "CSRF_MISSING", zh: () => "缺少 X-CSRFToken 请求头" },
  CsrfInvalid: { code: "CSRF_INVALID", zh: () => "CSRF 令牌无效，或请求来自其他站点" },
  TokenNotFound: {
    code: "RESOURCE_NOT_FOUND",
    zh: ({ tokenId }) => `令牌不存在：${tokenId}`,
  },
  TokenNotRevocable: {
    code: "CONSTRAINT_VIOLATION",
    zh: ({ tokenId }) => `令牌不能撤销：${tokenId}`,
  },
  UserNotFound: {
    code: "RESOURCE_NOT_FOUND",
    zh: ({ userId }) => `用户不存在：${userId}`,
  },
  UserExists: {
    code: "CONSTRAINT_VIOLATION",
    zh: ({ username }) => `用户名已存在：${username}`,
  },
  LastAdmin: { code: "CONSTRAINT_VIOLATION", zh: () => "必须保留至少一个启用的管理员" },
} as const satisfies { readonly [T in Tag]: Row<ErrorWith<T>> };

/** The code under which the admin face tells errors of a tag. */
export type CodeOf<T extends Tag> = (typeof errorMessages)[T]["code"];

export interface Told {
  readonly code: MessageCode;
  readonly message: string;
  readonly headers: Record<string, string>;
  readonly errors: readonly FieldProblem[];
}

/** What is told of `error` in `language`. */
export function told<E extends ServiceError>(error: E, language: Language): Told {
  // Safe because the row under a tag takes exactly the error with that tag.
  const row = errorMessages[error._tag] as unknown as Row<E>;
  return {
    code: row.code,
    message: language === "zh" ? row.zh(error) : error.message,
    headers: row.headers?.(error) ?? {},
    errors: problemsOf(error).map(({ field, message }) => ({
      field,
      message: translated(message, language),
    })),
  };
}

function problemsOf(error: ServiceError): readonly FieldProblem[] {
  if (error._tag === "Invalid") return error.problems;
  return error._tag === "Malformed"
    ? [{ field: error.field, message: error.reason }]
    : [];
}

const listed = (problems: readonly FieldProblem[]): string =>
  problems
    .map(({ field, message }) => `${field} ${translated(message, "zh")}`)
    .join("；");
