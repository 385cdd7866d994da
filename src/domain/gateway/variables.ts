/**
 * The values that a request has for the variables of a `CUSTOM` key.
 *
 * Each is the first that the request has. A missing one is a value of its own, as is text
 * that can't be decoded. Credentials stand only as hashes.
 *
 * Source: seed 003 ("Variable Definition"), contract §7.3.
 *
 * @module
 */
import type { HeaderList } from "../entry/entry.ts";
import { headerValue } from "../entry/entry.ts";
import { percentDecoded } from "../source/percent-encoding.ts";
import type { Endpoint } from "../api-proxy/api-proxy.ts";
import type {
  CacheSettings,
  ContextValue,
  Variable,
  VariableSource,
} from "../api-proxy/cache-settings.ts";
import { canonicalValue } from "./canonical-value.ts";
import { isCredentialHeader, isCredentialParameter } from "./credential-headers.ts";
import { parseJsonPath, valueAt } from "./json-path.ts";

/** What variables are read from. */
export interface RequestFacts {
  readonly method: string;
  /** As they came. */
  readonly headers: HeaderList;
  /** Behind the proxy's own path; begins with `/`, as it came. */
  readonly path: string;
  /** What stands behind `?`, as it came; `undefined` without one. */
  readonly query: string | undefined;
  /** The endpoint's `{param}` segments, decoded. */
  readonly pathParams: Readonly<Record<string, string>>;
  /** Needed only where `readsBody` says so. */
  readonly body: Uint8Array | undefined;
  readonly remoteAddress: string;
  /** The whole path that the client asked for, as it came. */
  readonly requestUri: string;
  /** Without the port. */
  readonly serverName: string;
  readonly scheme: string;
  readonly apiProxyName: string;
  readonly endpoint: Pick<Endpoint, "name" | "httpMethod"> | undefined;
}

export type VariableValue =
  | { readonly _tag: "Missing" }
  /** As it was sent, decoded. */
  | { readonly _tag: "Text"; readonly text: string }
  /** In the one spelling of its data type. */
  | { readonly _tag: "Canonical"; readonly text: string }
  /** As it was sent, because it can't be decoded. */
  | { readonly _tag: "Undecodable"; readonly text: string }
  /** A credential. */
  | { readonly _tag: "Hashed"; readonly hash: string };

export interface NamedValue {
  readonly name: string;
  readonly value: VariableValue;
}

/** A hash that tells nothing about its text to who lacks the key. */
export type SecretHash = (text: string) => string;

/** Whether a variable is read from the body of the request. */
export function readsBody(variables: readonly Variable[]): boolean {
  return variables.some(
    ({ from }) =>
      from.type === "BODY" || (from.type === "PARAMETER" && from.paramType === "FORM"),
  );
}

/** In the order of `variables`. */
export function variableValues(
  variables: readonly Variable[],
  facts: RequestFacts,
  hash: SecretHash,
): readonly NamedValue[] {
  const json = readsBody(variables) ? jsonIn(facts.body) : undefined;
  return variables.map(({ name, dataType, from }) => {
    const found = lookUp(from, facts, json);
    if (found._tag !== "Text") return { name, value: found };
    if (isCredential(from)) return { name, value: hashed(found.text, hash) };
    const canonical = canonicalValue(dataType, found.text);
    return {
      name,
      value: canonical === undefined ? found : { _tag: "Canonical", text: canonical },
    };
  });
}

/**
 * Whether a parameter of the key comes more than once with different values. The first is
 * the key's; an upstream that reads another would answer for that, under the first one's key.
 */
export function isAmbiguous(
  { cacheKeyType, variableList }: Pick<CacheSettings, "cacheKeyType" | "variableList">,
  facts: RequestFacts,
): boolean {
  if (cacheKeyType !== "CUSTOM") return false;
  return variableList.some(({ from }) => {
    if (from.type !== "PARAMETER" || from.paramType === "PATH") return false;
    const parts = from.paramType === "QUERY" ? (facts.query ?? "") : textOf(facts.body);
    const values = parts
      .split("&")
      .map(splitPart)
      .filter(({ name }) => name === from.paramName);
    return new Set(values.map(({ value }) => value)).size > 1;
  });
}

type Found = Exclude<VariableValue, { readonly _tag: "Canonical" | "Hashed" }>;

const missing: Found = { _tag: "Missing" };
const text = (value: string): Found => ({ _tag: "Text", text: value });
const textOr = (value: string | undefined): Found =>
  value === undefined ? missing : text(value);
const hashed = (secret: string, hash: SecretHash): VariableValue => ({
  _tag: "Hashed",
  hash: hash(secret),
});

function lookUp(from: VariableSource, facts: RequestFacts, json: unknown): Found {
  switch (from.type) {
    case "HEADER":
      return textOr(headerValue(facts.headers, from.headerName.toLowerCase()));
    case "PARAMETER":
      return parameter(from.paramType, from.paramName, facts);
    case "BODY":
      return member(json, from.jsonPathValue);
    case "CONTEXT_VALUES":
      return textOr(contextValue(from.contextValue, facts));
  }
}

function parameter(
  paramType: "QUERY" | "PATH" | "FORM",
  name: string,
  facts: RequestFacts,
): Found {
  switch (paramType) {
    case "QUERY":
      return firstOf(name, facts.query ?? "");
    case "PATH":
      return Object.hasOwn(facts.pathParams, name)
        ? textOr(facts.pathParams[name])
        : missing;
    case "FORM":
      return isForm(facts) ? firstOf(name, textOf(facts.body)) : missing;
  }
}

/** The first part called `name` of a query or a form. */
function firstOf(name: string, parts: string): Found {
  for (const part of parts.split("&")) {
    const { name: own, value } = splitPart(part);
    if (own !== name) continue;
    const decoded = decodedPart(value);
    return decoded === undefined
      ? { _tag: "Undecodable", text: value }
      : { _tag: "Text", text: decoded };
  }
  return missing;
}

/** One part of a query: its name decoded where that can be done, its value as it came. */
export function splitPart(part: string): {
  readonly name: string;
  readonly value: string;
} {
  const at = part.indexOf("=");
  const name = at === -1 ? part : part.slice(0, at);
  return { name: decodedPart(name) ?? name, value: at === -1 ? "" : part.slice(at + 1) };
}

/** As forms write it, with `+` for a space; `undefined` where it is malformed. */
export function decodedPart(part: string): string | undefined {
  return percentDecoded(part.replaceAll("+", " "));
}

/** Text as it is, anything else as JSON. */
function member(json: unknown, path: string): Found {
  const parsed = parseJsonPath(path);
  if (parsed._tag === "Refused") return missing;
  const value = valueAt(json, parsed.path);
  if (value === undefined) return missing;
  return text(typeof value === "string" ? value : JSON.stringify(value));
}

/** HEAD is answered from what GET stored, and so counts as GET. */
function contextValue(
  name: ContextValue,
  { endpoint, ...facts }: RequestFacts,
): string | undefined {
  const method = facts.method === "HEAD" ? "GET" : facts.method;
  switch (name) {
    case "REQUEST_HTTP_METHOD":
      return method;
    case "REQUEST_REMOTE_ADDRESS":
      return facts.remoteAddress;
    case "REQUEST_PATH_INFO":
      return facts.path;
    case "REQUEST_QUERY_STRING":
      return facts.query;
    case "REQUEST_REQUEST_URI":
      return facts.requestUri;
    case "REQUEST_SERVER_NAME":
      return facts.serverName.toLowerCase();
    case "REQUEST_SCHEME":
      return facts.scheme;
    case "REQUEST_CONTENT_TYPE":
      return headerValue(facts.headers, "content-type");
    case "APIPROXY_NAME":
      return facts.apiProxyName;
    case "ENDPOINT":
      return endpoint?.name;
    case "HTTPMETHOD":
      return endpoint?.httpMethod ?? method;
  }
}

function isCredential(from: VariableSource): boolean {
  if (from.type === "HEADER") return isCredentialHeader(from.headerName);
  return from.type === "PARAMETER" && isCredentialParameter(from.paramName);
}

const isForm = ({ headers }: RequestFacts): boolean =>
  /^application\/x-www-form-urlencoded *(?:;|$)/i.test(
    headerValue(headers, "content-type") ?? "",
  );

const textOf = (body: Uint8Array | undefined): string => new TextDecoder().decode(body);

/** `undefined` where it is no JSON: then every variable of it is missing. */
function jsonIn(body: Uint8Array | undefined): unknown {
  if (body === undefined) return undefined;
  try {
    return JSON.parse(textOf(body));
  } catch {
    return undefined;
  }
}
