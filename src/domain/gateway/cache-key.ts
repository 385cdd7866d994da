/**
 * The key of a response that the gateway keeps.
 *
 * It begins with the scope of the settings it is kept by, and shows method, path and query,
 * so that people can read it. Spaces part what it is made of, and no part holds one: what
 * can't stand in a URL is written as `\` and four hexadecimal digits, so no crafted value
 * reads as another part. Path and query are compared as they came, because they go up so:
 * `/a` and `/%61` may be two things to an upstream.
 *
 * Source: contract §7.3.
 *
 * @module
 */
import { createHash } from "node:crypto";
import type { Entry, HeaderList } from "../entry/entry.ts";
import { combinedValue } from "../http-cache/field-value.ts";
import type { CacheSettings } from "../api-proxy/cache-settings.ts";
import { isCredentialParameter } from "./credential-headers.ts";
import {
  decodedPart,
  type NamedValue,
  type SecretHash,
  splitPart,
  type VariableValue,
} from "./variables.ts";

/** Bytes; a row of the index has no room for more than 2,704. */
const LONGEST = 2_000;
/** Of a longer key, what stays readable before the hash of all of it. */
const READABLE = 1_900;

export interface KeyParts {
  /** As in `settingsScope`. */
  readonly scope: string;
  readonly cacheKeyType: CacheSettings["cacheKeyType"];
  readonly method: string;
  /** As it came; begins with `/`. */
  readonly path: string;
  /** What stands behind `?`, as it came; `undefined` without one. */
  readonly query: string | undefined;
  /** Of a `CUSTOM` key. */
  readonly variables: readonly NamedValue[];
  /** As `bodyHash` makes it; counts for methods other than GET and HEAD. */
  readonly bodyHash: string | undefined;
}

/** SHA-256 of the body of a request and of what says how to read it, in hexadecimal. */
export function bodyHash(body: Uint8Array, headers: HeaderList): string {
  const reading = OF_THE_BODY.map((name) => combinedValue(headers, name) ?? "");
  return createHash("sha256").update(JSON.stringify(reading)).update(body).digest("hex");
}

const OF_THE_BODY = ["content-type", "content-encoding", "soapaction"];

/**
 * The key of a request; HEAD has that of GET.
 *
 * @example A query in any order, and what a crafted value becomes
 * ```ts
 * import { cacheKey } from "./cache-key.ts";
 *
 * const parts = {
 *   scope: "p ", method: "HEAD", path: "/a", variables: [], bodyHash: undefined,
 * } as const;
 * const hash = () => "";
 * cacheKey({ ...parts, cacheKeyType: "QUERY_PARAMS", query: "b=2&a=1" }, hash); // => "p GET /a?a=1&b=2"
 *
 * const lang = { name: "lang", value: { _tag: "Text", text: "x 1:y" } } as const;
 * cacheKey({ ...parts, cacheKeyType: "CUSTOM", query: "", variables: [lang] }, hash); // => "p GET /a 4:lang=9:x\\00201:y"
 * ```
 */
export function cacheKey(parts: KeyParts, hash: SecretHash): string {
  const { scope, cacheKeyType, path, query, variables } = parts;
  const method = parts.method === "HEAD" ? "GET" : parts.method;
  const isCustom = cacheKeyType === "CUSTOM";
  const asked = isCustom || query === undefined ? "" : `?${sortedQuery(query, hash)}`;
  const values = isCustom ? variables.map(variableText) : [];
  const body =
    method === "GET" || parts.bodyHash === undefined ? [] : [`body:${parts.bodyHash}`];
  const target = `${plain(path).replaceAll("?", mark)}${asked}`;
  return bounded(scope + [plain(method), target, ...values, ...body].join(" "));
}

/** How all keys begin that GET has for `path` under a `CUSTOM` key, unless they are very long. */
export function keysOf(scope: string, path: string): string {
  return `${scope}GET ${plain(path).replaceAll("?", mark)} `;
}

/**
 * What a purge can select a response by: the named variables, or else the path's params and
 * the query's, the first of each name. Values are decoded and composed, those of
 * credentials hashed.
 */
export function paramsOf(
  { cacheKeyType, pathParams, query, variables }: ParamParts,
  hash: SecretHash,
): Entry["params"] {
  const values =
    cacheKeyType === "CUSTOM"
      ? variables.map(({ name, value }) => [name, valueText(value)] as const)
      : [...Object.entries(pathParams), ...queryParams(query ?? "")].map(
          ([name, value]) =>
            [name, isCredentialParameter(name) ? `#${hash(value)}` : value] as const,
        );
  const params = new Map<string, string>();
  for (const [name, value] of values) {
    const storable = value === undefined ? undefined : storableText(value);
    const known = storableText(name);
    if (storable !== undefined && !params.has(known)) params.set(known, storable);
  }
  return Object.fromEntries(params);
}

export interface ParamParts extends Pick<
  KeyParts,
  "cacheKeyType" | "query" | "variables"
> {
  readonly pathParams: Readonly<Record<string, string>>;
}

/** By name, those of one name in the order they came in. */
function sortedQuery(query: string, hash: SecretHash): string {
  const parts = query.split("&").map((part) => {
    const { name, value } = splitPart(part);
    const text =
      value !== "" && isCredentialParameter(name)
        ? `${plain(part.slice(0, part.length - value.length))}\\#${hash(value)}`
        : plain(part);
    return { name: plain(part.split("=", 1)[0] ?? ""), text };
  });
  return parts
    .toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
    .map(({ text }) => text)
    .join("&");
}

function queryParams(query: string): readonly (readonly [string, string])[] {
  return query
    .split("&")
    .filter((part) => part !== "")
    .map((part) => {
      const { name, value } = splitPart(part);
      return [name, decodedPart(value) ?? value] as const;
    });
}

/** How each kind of value begins, so that equal texts of two kinds stay two. */
const KIND = { Text: "=", Canonical: "~", Undecodable: "!", Hashed: "#" } as const;

function variableText({ name, value }: NamedValue): string {
  const named = prefixed(plain(name));
  if (value._tag === "Missing") return `${named}-`;
  const text = value._tag === "Hashed" ? value.hash : value.text;
  return `${named}${KIND[value._tag]}${prefixed(plain(text))}`;
}

const prefixed = (text: string): string => `${text.length}:${text}`;

function valueText(value: VariableValue): string | undefined {
  if (value._tag === "Missing") return undefined;
  return value._tag === "Hashed" ? `#${value.hash}` : value.text;
}

/** Spaces, controls, `\` and halves of surrogate pairs stand in no URL. */
const plain = (text: string): string => text.replaceAll(/[\p{Cc}\p{Cs} \\]/gu, mark);

const mark = (character: string): string =>
  `\\${character.charCodeAt(0).toString(16).padStart(4, "0").toUpperCase()}`;

/** The store takes no NUL, and a purge asks for no control character. */
const storableText = (text: string): string =>
  text
    .toWellFormed()
    .replaceAll(/\p{Cc}/gu, "\uFFFD")
    .normalize("NFC");

/** A key that is cut ends in a part that no other has: the hash of the whole. */
function bounded(key: string): string {
  const bytes = new TextEncoder().encode(key);
  if (bytes.length <= LONGEST) return key;
  const start = new TextDecoder().decode(bytes.subarray(0, READABLE), { stream: true });
  return `${start} sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}
