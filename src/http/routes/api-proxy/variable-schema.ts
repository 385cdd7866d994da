/**
 * A variable of a custom cache key on the wire.
 *
 * The short form `{name, type, dataType}` reads the header or the query parameter that is
 * called `name`; the long form says more.
 *
 * Source: seed 003 ("Variable Definition"), contract §7.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import {
  CONTEXT_VALUES,
  DATA_TYPES,
  type Variable,
  type VariableSource,
} from "../../../domain/api-proxy/cache-settings.ts";
import { parseJsonPath } from "../../../domain/gateway/json-path.ts";
import { fields, must, oneOf, text } from "../../gateway/fields.ts";

const TYPES = ["HEADER", "PARAMETER", "BODY", "CONTEXT_VALUES"] as const;
const PARAM_TYPES = ["QUERY", "PATH", "FORM"] as const;

/** RFC 9110 §5.6.2. */
const FIELD_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

const type = z.enum(TYPES, {
  error: (issue) =>
    issue.input === "CUSTOM"
      ? "must not be CUSTOM: scripts are not run here"
      : must(`be one of ${TYPES.join(", ")}`)(issue),
});

const DetailsSchema = fields({
  name: text(1, 100).openapi({ example: "userId" }),
  type: type.openapi({ example: "HEADER" }),
  dataType: oneOf(DATA_TYPES).nullish().openapi({
    description: "`STRING` where it is not said; the others are put into canonical form",
  }),
  headerName: text(1, 200)
    .nullish()
    .openapi({ description: "Of a `HEADER`; `name` where it is not said" }),
  paramType: oneOf(PARAM_TYPES)
    .nullish()
    .openapi({ description: "Of a `PARAMETER`; `QUERY` where it is not said" }),
  paramName: text(1, 200)
    .nullish()
    .openapi({ description: "Of a `PARAMETER`; `name` where it is not said" }),
  jsonPathValue: text(1, 500).nullish().openapi({
    description: "Of a `BODY`: the path to one value",
    example: "$.user.id",
  }),
  contextValue: oneOf(CONTEXT_VALUES)
    .nullish()
    .openapi({ description: "Of `CONTEXT_VALUES`" }),
});

type Details = z.infer<typeof DetailsSchema>;

/** The fields that say more, and the type whose they are. */
const OWNERS = {
  headerName: "HEADER",
  paramType: "PARAMETER",
  paramName: "PARAMETER",
  jsonPathValue: "BODY",
  contextValue: "CONTEXT_VALUES",
} as const;

export const VariableSchema = DetailsSchema.superRefine((details, context) => {
  const problem = problemIn(details);
  if (problem === undefined) return;
  const { field, message } = problem;
  context.addIssue({ code: "custom", path: [field], message });
}).openapi("CacheVariable", {
  example: { name: "userId", type: "HEADER", dataType: "STRING" },
});

function problemIn(details: Details) {
  const names = Object.keys(OWNERS) as (keyof typeof OWNERS)[];
  const foreign = names.find(
    (name) => (details[name] ?? undefined) !== undefined && OWNERS[name] !== details.type,
  );
  if (foreign !== undefined) {
    return { field: foreign, message: `must not stand with type ${details.type}` };
  }
  const { type, name, headerName, jsonPathValue, contextValue } = details;
  if (type === "HEADER" && !FIELD_NAME.test(headerName ?? name)) {
    const field = headerName ? "headerName" : "name";
    return { field, message: "must be the name of a header" };
  }
  if (type === "CONTEXT_VALUES" && !contextValue) {
    return { field: "contextValue", message: "is required" };
  }
  if (type !== "BODY") return undefined;
  if (!jsonPathValue) return { field: "jsonPathValue", message: "is required" };
  const path = parseJsonPath(jsonPathValue);
  if (path._tag === "Parsed") return undefined;
  const message = `must be the path to one value such as $.user.id: ${path.reason}`;
  return { field: "jsonPathValue", message };
}

export function toVariable(details: Details): Variable {
  const { name, dataType } = details;
  return { name, dataType: dataType ?? "STRING", from: sourceIn(details) };
}

function sourceIn(details: Details): VariableSource {
  const { name, type } = details;
  switch (type) {
    case "HEADER":
      return { type, headerName: details.headerName ?? name };
    case "PARAMETER": {
      const paramType = details.paramType ?? "QUERY";
      return { type, paramType, paramName: details.paramName ?? name };
    }
    case "BODY":
      return { type, jsonPathValue: details.jsonPathValue ?? "$" };
    case "CONTEXT_VALUES":
      return { type, contextValue: details.contextValue ?? "REQUEST_HTTP_METHOD" };
  }
}

export function toVariableWire({ name, dataType, from }: Variable): Details {
  const { type, ...more } = from;
  return { name, type, dataType, ...more };
}
