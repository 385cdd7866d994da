/**
 * How long a client prefers to wait, by its `Prefer` header.
 *
 * Source: RFC 7240 §2 and §4.3.
 *
 * @module
 */
import { listMembers } from "../domain/http-cache/field-value.ts";

const DEFAULT_SECONDS = 10;
const MOST_SECONDS = 60;

/** A preference, with or without a value, up to the parameters that may follow it. */
const preference = /^\s*([!#$%&'*+\-.^_`|~\w]+)\s*(?:=\s*("(?:[^"\\]|\\.)*"|[^\s;,"]*))?/;

/**
 * Whole seconds from 1 to 60; 10 where none are named that can be read. Of several the
 * first counts, and what is beyond the bounds is moved to them.
 *
 * @example The first one counts
 * ```ts
 * import { waitSeconds } from "./prefer.ts";
 *
 * waitSeconds("respond-async, wait=5"); // => 5
 * waitSeconds("wait=600"); // => 60
 * waitSeconds(undefined); // => 10
 * ```
 */
export function waitSeconds(prefer: string | undefined): number {
  for (const part of listMembers(prefer ?? "")) {
    const [, name = "", value = ""] = preference.exec(part) ?? [];
    if (name.toLowerCase() !== "wait") continue;
    const digits = /^"?(\d{1,9})"?$/.exec(value)?.[1];
    if (digits === undefined) break;
    return Math.min(Math.max(Number(digits), 1), MOST_SECONDS);
  }
  return DEFAULT_SECONDS;
}
