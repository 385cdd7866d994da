/**
 * Service errors as HTTP answers, by the rows of `problem-rows.ts`.
 *
 * A route whose effect can fail with a tag its `responses` do not declare is a compile error.
 *
 * Body: RFC 9457 problem details with `code`, `request_id` and, for 422, `errors`. Sent as
 * `application/json`, as the API's clients expect, unless `Accept` asks for problem details.
 *
 * @module
 */
import type { Context, TypedResponse } from "hono";
import { accepts } from "hono/accepts";
import type { FieldProblem, ServiceError } from "../services/errors.ts";
import { type ProblemRow, problemRows, type Tag } from "./problem-rows.ts";
import { problemSamples } from "./problem-samples.ts";
import {
  describeProblems,
  problemBody,
  type Problem,
  type ProblemParts,
} from "./problem-schema.ts";

/** The status of the problem that an error with this tag is. */
export type StatusOf<T extends Tag> = (typeof problemRows)[T]["status"];

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
  const row: ProblemRow<never> = problemRows[error._tag];
  // Safe because the row under a tag takes exactly the error with that tag.
  const headers = (row as ProblemRow<E>).headers?.(error) ?? {};
  const members = (row as ProblemRow<E>).members?.(error);
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
