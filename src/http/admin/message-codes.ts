/**
 * Every way in which the admin face refuses, and what it says of each.
 *
 * @module
 */
import type { Text } from "./language.ts";

export interface Refusal {
  readonly status: 400 | 401 | 403 | 404 | 409 | 429 | 500;
  readonly category:
    | "validation"
    | "authentication"
    | "authorization"
    | "security"
    | "business"
    | "system";
  readonly severity: "low" | "medium" | "high";
  /** Whether the same caller may succeed with the same or a mended request. */
  readonly recoverable: boolean;
  readonly suggestions: readonly Text[];
}

const mendRequest: Text = {
  zh: "请检查请求参数后重试",
  en: "Mend the request as its fields say, and send it again",
};
const logIn: Text = {
  zh: "请登录，或提供有效的令牌",
  en: "Log in, or send a valid token",
};
const askAdmin: Text = { zh: "请联系管理员", en: "Ask an administrator" };
const newCsrf: Text = {
  zh: "请从 /api/v1/auth/csrf-token 获取新令牌，并放入 X-CSRFToken 请求头",
  en: "Get a token from /api/v1/auth/csrf-token and send it as X-CSRFToken",
};
const lookAgain: Text = {
  zh: "请确认资源是否存在",
  en: "Make sure that it is still there",
};
const later: Text = { zh: "请稍后重试", en: "Try again later" };

export const refusals = {
  VALIDATION_ERROR: {
    status: 400,
    category: "validation",
    severity: "low",
    recoverable: true,
    suggestions: [mendRequest],
  },
  AUTHENTICATION_REQUIRED: {
    status: 401,
    category: "authentication",
    severity: "medium",
    recoverable: true,
    suggestions: [logIn],
  },
  INVALID_CREDENTIALS: {
    status: 401,
    category: "authentication",
    severity: "medium",
    recoverable: true,
    suggestions: [
      { zh: "请检查用户名和密码", en: "Check the username and the password" },
    ],
  },
  PERMISSION_REQUIRED: {
    status: 403,
    category: "authorization",
    severity: "medium",
    recoverable: false,
    suggestions: [askAdmin],
  },
  CSRF_MISSING: {
    status: 403,
    category: "security",
    severity: "medium",
    recoverable: true,
    suggestions: [newCsrf],
  },
  CSRF_INVALID: {
    status: 403,
    category: "security",
    severity: "medium",
    recoverable: true,
    suggestions: [newCsrf],
  },
  ACCOUNT_DISABLED: {
    status: 403,
    category: "authorization",
    severity: "medium",
    recoverable: false,
    suggestions: [askAdmin],
  },
  RESOURCE_NOT_FOUND: {
    status: 404,
    category: "business",
    severity: "low",
    recoverable: true,
    suggestions: [lookAgain],
  },
  CONSTRAINT_VIOLATION: {
    status: 409,
    category: "business",
    severity: "medium",
    recoverable: true,
    suggestions: [later],
  },
  RATE_LIMIT_EXCEEDED: {
    status: 429,
    category: "system",
    severity: "medium",
    recoverable: true,
    suggestions: [later],
  },
  INTERNAL_ERROR: {
    status: 500,
    category: "system",
    severity: "high",
    recoverable: false,
    suggestions: [later, askAdmin],
  },
} as const satisfies Readonly<Record<string, Refusal>>;

export type MessageCode = keyof typeof refusals;
