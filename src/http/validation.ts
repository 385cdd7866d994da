/**
 * From what a schema finds wrong to what a client reads.
 *
 * @module
 */
import type { Hook } from "@hono/zod-openapi";
import { Invalid, Malformed, type FieldProblem } from "../services/errors.ts";
import { failure } from "./faces.ts";

interface Issue {
  readonly code?: string;
  readonly path: readonly PropertyKey[];
  readonly message: string;
  readonly keys?: readonly string[];
}

const MOST_PROBLEMS = 100;

/** Answers 400 for a header and 422 for anything else that does not fit its schema. */
export const answerInvalid: Hook<any, any, any, any> = (result, c) => {
  if (result.success) return undefined;
  const problems = result.error.issues
    .slice(0, MOST_PROBLEMS)
    .flatMap((issue: Issue) => problemsOf(issue));
  if (result.target === "header") {
    const { field, message } = problems[0] ?? { field: "headers", message: "Not valid" };
    return failure(c, new Malformed({ field: headerName(field), reason: message }));
  }
  return failure(c, new Invalid({ problems }));
};

function problemsOf(issue: Issue): readonly FieldProblem[] {
  if (issue.code === "unrecognized_keys") {
    return (issue.keys ?? []).map((key) => ({
      field: fieldName([...issue.path, key]),
      message: "No such field",
    }));
  }
  return [{ field: fieldName(issue.path), message: issue.message }];
}

/** `rate_limit.burst`, `keys[3]`; the body itself is `body`. */
export function fieldName(path: readonly PropertyKey[]): string {
  const name = path.reduce<string>(
    (name, part) =>
      typeof part === "number"
        ? `${name}[${part}]`
        : name === ""
          ? String(part)
          : `${name}.${String(part)}`,
    "",
  );
  return name === "" ? "body" : name;
}

/** Header schemas are in lower case; people write `X-UC-Cache-Only`. */
function headerName(field: string): string {
  return field
    .split("-")
    .map((part) => (part === "uc" ? "UC" : part.charAt(0).toUpperCase() + part.slice(1)))
    .join("-");
}
