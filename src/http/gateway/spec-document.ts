/**
 * Reads the OpenAPI document that a client sends, as an object or as a text.
 *
 * YAML is read by its core schema, so that nothing in it is merged, made or run, to a
 * bounded depth, in time that grows with its length. JSON is read much quicker, so it may be
 * longer.
 *
 * @module
 */
import { CORE_SCHEMA, load } from "js-yaml";
import {
  type ReadDocument,
  endpointsOf,
} from "../../domain/api-proxy/openapi-endpoints.ts";

const MOST_YAML = 4 * 1024 * 1024;

/** `spec`: as it stood in the body. */
export function readSpec(spec: unknown): ReadDocument {
  if (typeof spec !== "string") return endpointsOf(spec);
  try {
    return endpointsOf(JSON.parse(spec));
  } catch {
    return readYaml(spec);
  }
}

function readYaml(text: string): ReadDocument {
  if (text.length > MOST_YAML) {
    return refused("must not have more than 4 MiB as YAML; as JSON it may have more");
  }
  try {
    return endpointsOf(load(text, { schema: CORE_SCHEMA }));
  } catch (error) {
    return refused(`must be JSON or YAML${reasonIn(error)}`);
  }
}

/** The first line alone: those behind it show the text. */
function reasonIn(error: unknown): string {
  const [line = ""] = error instanceof Error ? error.message.split("\n", 1) : [];
  return line === "" ? "" : `: ${line.slice(0, 200)}`;
}

const refused = (reason: string): ReadDocument => ({
  _tag: "Refused",
  field: "spec",
  reason,
});
