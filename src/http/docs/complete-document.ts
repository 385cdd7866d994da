/**
 * What the OpenAPI document says of all operations alike, put into it once.
 *
 * Every answer has `X-Request-Id`. Problems that only the admin face tells, in a shape of
 * its own, need no example as problems. A reference that may be `null` is written as either of
 * the two: the generator asks for both at once, which nothing can be.
 *
 * @module
 */
import type { OpenAPIHono } from "@hono/zod-openapi";

type Document = ReturnType<OpenAPIHono["getOpenAPI31Document"]>;

export const requestIdHeader = {
  description:
    "Names the exchange in the log: the caller's own id, where it sent a sane one",
  required: true,
  schema: { type: "string" as const },
  example: "3f0c2a9e-7b1d-4c58-9e64-2d8a1b7c5f03",
};

/** `document` with what its routes don't say one by one. */
export function completed(document: Document): Document {
  for (const path of Object.values(document.paths ?? {})) {
    for (const operation of Object.values(path)) giveRequestId(operation);
  }
  keepUsedExamples(document);
  return orNull(document) as Document;
}

function keepUsedExamples(document: Document): void {
  const { examples = {} } = document.components ?? {};
  const text = JSON.stringify(document.paths);
  for (const name of Object.keys(examples)) {
    if (!text.includes(`"#/components/examples/${name}"`)) delete examples[name];
  }
}

function giveRequestId(operation: {
  readonly responses?: Record<string, { headers?: Record<string, unknown> }>;
}): void {
  for (const response of Object.values(operation.responses ?? {})) {
    response.headers = {
      ...response.headers,
      "X-Request-Id": { $ref: "#/components/headers/X-Request-Id" },
    };
  }
}

/** `value` with every `allOf` of a reference and a type that may be `null` as an `anyOf`. */
function orNull(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(orNull);
  if (typeof value !== "object" || value === null) return value;
  const { allOf, ...rest } = value as { readonly allOf?: unknown };
  if (Array.isArray(allOf) && allOf.length === 2) {
    const [reference, metadata] = allOf;
    const { type, ...described } = metadata;
    if ("$ref" in reference && Array.isArray(type) && type.includes("null")) {
      return { ...rest, ...described, anyOf: [reference, { type: "null" }] };
    }
  }
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, orNull(inner)]),
  );
}
