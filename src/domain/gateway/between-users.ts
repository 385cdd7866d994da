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
import { fieldLines, hasField, listMembers } from "../http-cache/field-value.ts";
import type { StoredResponse } from "./stored-response.ts";

/** What `Cache-Status` says of it. */
export const CREDENTIALS = "credentials are no part of the key";

/** The names that `Vary` lists, in lower case. */
export function variedNames(headers: HeaderList): readonly string[] {
  return fieldLines(headers, "vary").flatMap((line) => listMembers(line.toLowerCase()));
}

/** Whether a response to a request with `credentials` outside its key may be kept. */
export function mayBeKept(credentials: readonly string[], headers: HeaderList): boolean {
  const varied = variedNames(headers);
  return credentials.every((name) => varied.includes(name)) || saysForAll(headers);
}

/** Whether what is stored may be given to who asks with `credentials` outside its key. */
export function mayBeGiven(
  credentials: readonly string[],
  stored: Pick<StoredResponse, "selecting" | "headers"> | undefined,
): boolean {
  const selecting = stored?.selecting ?? {};
  return (
    credentials.every((name) => Object.hasOwn(selecting, name)) ||
    (stored !== undefined && saysForAll(stored.headers))
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
