/**
 * The envelope in which the admin cache contract answers.
 *
 * @module
 */
import type { Context, TypedResponse } from "hono";
import type { FieldProblem, ServiceError } from "../../services/errors.ts";
import type { ProblemParts } from "../problem-schema.ts";
import type { FailureBody, SuccessBody } from "./envelope-schema.ts";
import { type CodeOf, type Told, told } from "./error-messages.ts";
import { type Language, languageIn } from "./language.ts";
import { type MessageCode, type Refusal, refusals } from "./message-codes.ts";
import { type MessageName, messages, translated } from "./messages.ts";

/** Answers that it was done, with `data` where there is some. */
export function success<
  Data extends object | undefined = undefined,
  Status extends 200 | 201 = 200,
>(c: Context, message: MessageName, data?: Data, status?: Status) {
  const language = languageOf(c);
  const body = {
    success: true,
    error: false,
    message: messages[message][language],
    timestamp: new Date().toISOString(),
    ...(data === undefined ? {} : { data }),
  };
  const response: Response = c.json(body, status ?? 200, headersIn(c, language));
  // Safe because the body is exactly what the type says, under the status that was given.
  return response as Response & TypedResponse<SuccessBody<Data>, Status, "json">;
}

/** Answers with `error`. */
export function failureEnvelope<E extends ServiceError>(c: Context, error: E) {
  const response = refuse(c, told(error, languageOf(c)));
  type Status = (typeof refusals)[CodeOf<E["_tag"]>]["status"];
  // Safe because the row has the code of its tag, and every failure has the one shape.
  return response as Response & TypedResponse<FailureBody, Status, "json">;
}

/** Answers with what no service error stands for. */
export function partsEnvelope(c: Context, parts: ProblemParts): Response {
  const language = languageOf(c);
  const { errors = [], headers = {} } = parts;
  return refuse(c, {
    code: codeFor(parts.status),
    message: language === "en" ? parts.detail : (zhParts[parts.code] ?? parts.detail),
    headers,
    errors: errors.map(({ field, message }) => ({
      field,
      message: translated(message, language),
    })),
  });
}

const zhParts: Readonly<Record<string, string>> = {
  BODY_TOO_LARGE: "请求体过大",
  UNSUPPORTED_MEDIA_TYPE: "请求体的 Content-Type 必须是 application/json",
  INTERNAL_ERROR: "服务器内部错误",
  ADDRESS_NOT_ALLOWED: "不允许从该地址访问",
};

/** Whatever can't be taken is 400 here, and whatever went wrong inside is 500. */
function codeFor(status: number): MessageCode {
  switch (status) {
    case 401:
      return "AUTHENTICATION_REQUIRED";
    case 403:
      return "PERMISSION_REQUIRED";
    case 404:
      return "RESOURCE_NOT_FOUND";
    case 409:
      return "CONSTRAINT_VIOLATION";
    case 429:
      return "RATE_LIMIT_EXCEEDED";
    default:
      return status < 500 ? "VALIDATION_ERROR" : "INTERNAL_ERROR";
  }
}

function refuse(c: Context, { code, message, headers, errors }: Told): Response {
  const language = languageOf(c);
  const { status, category, severity, recoverable, suggestions }: Refusal =
    refusals[code];
  const body: FailureBody = {
    success: false,
    error: true,
    error_id: c.get("requestId") ?? "",
    category,
    severity,
    message_code: code,
    message,
    timestamp: new Date().toISOString(),
    recoverable,
    suggestions: suggestions.map((text) => text[language]),
    context: contextOf(errors),
  };
  return c.json(body, status, { ...headersIn(c, language), ...headers });
}

const contextOf = (errors: readonly FieldProblem[]): FailureBody["context"] =>
  errors.length === 0 ? {} : { errors: [...errors] };

const languageOf = (c: Context): Language => languageIn(c.req.header("accept-language"));

function headersIn(c: Context, language: Language) {
  c.header("Vary", "Accept-Language", { append: true });
  return {
    "Content-Type": "application/json; charset=utf-8",
    "Content-Language": language,
    "Cache-Control": "no-store",
  };
}
