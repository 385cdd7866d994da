/**
 * The endpoints that an OpenAPI document describes: each path with each of its methods.
 *
 * Only `paths` is read. A path item that is elsewhere in the document is followed; one that
 * is outside of it is refused, for nobody is asked for it. `basePath` and `servers` are left
 * alone: the source of the API proxy says where the paths begin.
 *
 * Source: OpenAPI 2.0, 3.0 and 3.1 ("Paths Object", "Path Item Object"), RFC 6901 (JSON
 * Pointer).
 *
 * @module
 */
import type { EndpointMethod } from "./api-proxy.ts";
import { parsePathTemplate } from "./path-template.ts";

export interface DescribedEndpoint {
  readonly name: string;
  readonly httpMethod: EndpointMethod;
}

/** `reason` goes on from `field`, a place such as `spec.paths["/a"].$ref`. */
export type ReadDocument =
  | { readonly _tag: "Endpoints"; readonly endpoints: readonly DescribedEndpoint[] }
  | { readonly _tag: "Refused"; readonly field: string; readonly reason: string };

const METHODS = [
  "get",
  "post",
  "put",
  "patch",
  "delete",
  "head",
  "options",
  "trace",
] as const;
const MOST_ENDPOINTS = 20_000;
/** References from one to the next; more than this lead in a circle. */
const MOST_STEPS = 20;

type Fields = Readonly<Record<string, unknown>>;

/** Reads a document that has been parsed from JSON or YAML already. */
export function endpointsOf(document: unknown): ReadDocument {
  if (!isFields(document)) return refused("spec", "must be an OpenAPI document");
  if (!isKnownVersion(document)) {
    return refused("spec", "must be an OpenAPI document of version 2.0, 3.0 or 3.1");
  }
  const paths = own(document, "paths") ?? {};
  if (!isFields(paths)) return refused("spec.paths", "must be an object");
  const endpoints: DescribedEndpoint[] = [];
  for (const [name, value] of Object.entries(paths)) {
    if (!name.startsWith("/")) {
      if (name.startsWith("x-")) continue;
      return refused(placeOf(name), "must begin with /");
    }
    const template = parsePathTemplate(name);
    if (template._tag === "Refused") return refused(placeOf(name), template.reason);
    const item = itemAt(document, name, value);
    if (item._tag === "Refused") return item;
    for (const method of METHODS) {
      if (!isFields(item.fields[method])) continue;
      endpoints.push({ name, httpMethod: method.toUpperCase() as EndpointMethod });
    }
    if (endpoints.length > MOST_ENDPOINTS) {
      return refused(
        "spec.paths",
        `must not have more than ${MOST_ENDPOINTS} operations`,
      );
    }
  }
  return { _tag: "Endpoints", endpoints };
}

function isKnownVersion(document: Fields): boolean {
  const { swagger, openapi } = document;
  // YAML reads an unquoted 2.0 as a number.
  if (swagger === "2.0" || swagger === 2) return true;
  return typeof openapi === "string" && /^3\.[01](?:\.|$)/.test(openapi);
}

type Item =
  | { readonly _tag: "Item"; readonly fields: Fields }
  | Extract<ReadDocument, { _tag: "Refused" }>;

/** The path item, and beneath its own fields those of what it refers to. */
function itemAt(document: Fields, name: string, value: unknown): Item {
  const found: Fields[] = [];
  let next = value;
  for (let steps = 0; steps < MOST_STEPS; steps += 1) {
    if (!isFields(next)) return refused(placeOf(name), "must be an object");
    found.unshift(next);
    const { $ref } = next;
    if ($ref === undefined) return { _tag: "Item", fields: merged(found) };
    const place = `${placeOf(name)}.$ref`;
    if (typeof $ref !== "string") return refused(place, "must be a text");
    if (!$ref.startsWith("#")) {
      return refused(place, `must not point outside of the document, to ${shown($ref)}`);
    }
    next = pointed(document, $ref.slice(1));
    if (next === undefined) {
      return refused(place, `must point to what the document has, not to ${shown($ref)}`);
    }
  }
  return refused(`${placeOf(name)}.$ref`, "must not lead in a circle");
}

/** Of a field that several have, that of the last. */
const merged = (all: readonly Fields[]): Fields =>
  Object.fromEntries(all.flatMap((fields) => Object.entries(fields)));

/** What a JSON Pointer in a fragment names; `undefined` where there is nothing. */
function pointed(document: Fields, pointer: string): unknown {
  let value: unknown = document;
  for (const token of pointer.split("/").slice(1)) {
    const name = unescaped(token);
    if (name === undefined || typeof value !== "object" || value === null)
      return undefined;
    value = own(value, name);
  }
  return value;
}

function unescaped(token: string): string | undefined {
  try {
    return decodeURIComponent(token).replaceAll("~1", "/").replaceAll("~0", "~");
  } catch {
    return undefined;
  }
}

const own = (value: object, name: string): unknown =>
  Object.hasOwn(value, name) ? (value as Fields)[name] : undefined;

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const placeOf = (name: string) => `spec.paths[${JSON.stringify(shown(name))}]`;
const shown = (text: string) => (text.length > 200 ? `${text.slice(0, 200)}…` : text);

function refused(field: string, reason: string) {
  return { _tag: "Refused", field, reason } as const;
}
