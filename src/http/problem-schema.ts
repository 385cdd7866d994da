/**
 * A problem on the wire, and in the OpenAPI document.
 *
 * Source: RFC 9457 (problem details); `code`, `request_id` and `errors` are ours.
 *
 * @module
 */
import { type RouteConfig, z } from "@hono/zod-openapi";
import type { FieldProblem } from "../services/errors.ts";
import { describeHeader, errorHeaderText } from "./header-schemas.ts";

const FieldProblemSchema = z.object({
  field: z
    .string()
    .openapi({ description: "Such as `rate_limit.burst`, `keys[3]`, `body`" }),
  message: z.string(),
});

const ProblemSchema = z
  .object({
    type: z.literal("about:blank"),
    title: z.string().openapi({ example: "Entry not found" }),
    status: z.int().openapi({ example: 404 }),
    detail: z
      .string()
      .openapi({ example: 'Cannot find key "/weather/Oslo" in source "weather"' }),
    instance: z.string().openapi({ description: "The path of the request" }),
    code: z
      .string()
      .openapi({ description: "Stable, for programs", example: "ENTRY_NOT_FOUND" }),
    request_id: z.string().openapi({ description: "As in `X-Request-Id`" }),
    errors: z
      .array(FieldProblemSchema)
      .optional()
      .openapi({ description: "What is wrong where, with 400 and 422" }),
    task_id: z
      .string()
      .optional()
      .openapi({ description: "The unfinished task, with REFRESH_UNFINISHED" }),
  })
  .openapi("Problem", { description: "Problem details (RFC 9457)" });

export type Problem = z.infer<typeof ProblemSchema>;

export interface ProblemParts {
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  readonly headers?: Record<string, string> | undefined;
  readonly errors?: readonly FieldProblem[] | undefined;
  readonly members?: Pick<Problem, "task_id"> | undefined;
}

export function problemBody(
  parts: ProblemParts,
  instance: string,
  requestId: string,
): Problem {
  return {
    type: "about:blank",
    title: parts.title,
    status: parts.status,
    detail: parts.detail,
    instance,
    code: parts.code,
    request_id: requestId,
    ...(parts.errors === undefined ? {} : { errors: [...parts.errors] }),
    ...parts.members,
  };
}

/**
 * What the document says of the problems that come with one status. Each refers to an
 * example that the document keeps under its code.
 */
export function describeProblems(problems: readonly ProblemParts[]) {
  const headers = problems.flatMap(({ headers = {} }) => Object.entries(headers));
  const examples = Object.fromEntries(
    problems.map(({ code }) => [code, { $ref: `#/components/examples/${code}` }]),
  );
  const media = { schema: ProblemSchema, examples };
  return {
    description: [...new Set(problems.map(({ title }) => title))].join(", or: "),
    headers: Object.fromEntries([
      ["Cache-Control", describeHeader("Problems are not to be kept", "no-store")],
      ...headers.map(([name, example]) => [
        name,
        describeHeader(errorHeaderText(name), example),
      ]),
    ]),
    content: { "application/json": media, "application/problem+json": media },
  };
}

/** `responses` with `headers` besides their own. */
export function alsoWith<R extends Record<number, { readonly headers: object }>>(
  responses: R,
  headers: object,
): R {
  const described = Object.entries(responses).map(([status, response]) => [
    status,
    { ...response, headers: { ...headers, ...response.headers } },
  ]);
  // Safe because each keeps its status and its shape.
  return Object.fromEntries(described) as R;
}

type Responses = RouteConfig["responses"];

/** The answers of both; where a status is in both, either may come with it. */
export function eitherResponses(one: Responses, other: Responses): Responses {
  const both = { ...one, ...other };
  for (const [status, first] of Object.entries(one)) {
    const second = other[status];
    if (second === undefined || "$ref" in first || "$ref" in second) continue;
    both[status] = eitherResponse(first, second);
  }
  return both;
}

type Described = Exclude<Responses[string], { $ref: string }>;

function eitherResponse(first: Described, second: Described): Described {
  const content = { ...first.content, ...second.content };
  for (const [type, media] of Object.entries(first.content ?? {})) {
    const other = second.content?.[type];
    if (media === undefined || other === undefined) continue;
    if ("$ref" in media || "$ref" in other) continue;
    content[type] = { ...media, examples: { ...media.examples, ...other.examples } };
  }
  return {
    ...first,
    description: [...new Set([first.description, second.description])].join(", or: "),
    // Safe because both are objects of headers: `describeProblems` makes no schema of them.
    headers: { ...first.headers, ...second.headers } as NonNullable<Described["headers"]>,
    content,
  };
}
