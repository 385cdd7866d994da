/**
 * Keeps one user's answers from another.
 *
 * What was asked with credentials is another's, unless they are part of what it is kept
 * under, by the key or by `Vary`, or the origin says that all may have it.
 *
 * Source: contract §7.5; RFC 9111 §3.5.
 *
 * @module
 */
import type { HeaderList } from "../entry/entry.ts";
import { responseDirectives } from "../http-cache/cache-control.ts";
import { hasField, listedNames } from "../http-cache/field-value.ts";
import type { CacheSettings } from "../api-proxy/cache-settings.ts";
import { isCredentialHeader, isCredentialParameter } from "./credential-headers.ts";
import type { StoredResponse } from "./stored-response.ts";
import { splitPart } from "./variables.ts";

/** What `Cache-Status` says of it. */
export const CREDENTIALS = "credentials are no part of the key";

/**
 * Credentials of a request that no part of its key, and so no other user, shares: names of
 * headers in lower case, and `?` with the name of a parameter.
 */
export function credentialsOutside(
  { cacheKeyType, variableList }: Pick<CacheSettings, "cacheKeyType" | "variableList">,
  headers: HeaderList,
  query: string | undefined,
): readonly string[] {
  const isCustom = cacheKeyType === "CUSTOM";
  const inKey = new Set(
    (isCustom ? variableList : []).flatMap(({ from }) => {
      if (from.type === "HEADER") return [from.headerName.toLowerCase()];
      const isQueried = from.type === "PARAMETER" && from.paramType === "QUERY";
      return isQueried ? [`?${from.paramName}`] : [];
    }),
  );
  // With the whole query in the key, its credentials are too.
  const queried = isCustom ? (query ?? "").split("&") : [];
  return [
    ...headers.map(([name]) => name.toLowerCase()).filter(isCredentialHeader),
    ...queried
      .map((part) => splitPart(part).name)
      .filter(isCredentialParameter)
      // No header has such a name, and so no `Vary`.
      .map((name) => `?${name}`),
  ].filter((name) => !inKey.has(name));
}

/** Whether a response to a request with `credentials` outside its key may be kept. */
export function mayBeKept(credentials: readonly string[], headers: HeaderList): boolean {
  const varied = listedNames(headers, "vary");
  return credentials.every((name) => varied.includes(name)) || saysForAll(headers);
}

/** Whether what is stored may be given to who asks with `credentials` outside its key. */
export function mayBeGiven(
  credentials: readonly string[],
  { selecting, headers }: Pick<StoredResponse, "selecting" | "headers">,
): boolean {
  return (
    credentials.every((name) => Object.hasOwn(selecting, name)) || saysForAll(headers)
  );
}

/** RFC 9111 §3.5: what allows a shared cache to reuse a response to a request with credentials. */
function saysForAll(headers: HeaderList): boolean {
  if (!hasField(headers, "cache-control")) return false;
  const said = responseDirectives(headers);
  return (
    (said.public || said.sMaxage !== undefined || said.mustRevalidate) &&
    said.private === undefined &&
    !said.noStore
  );
}
