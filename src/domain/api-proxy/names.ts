/**
 * What projects and API proxies may be called. A name is compared as it is, and stands as
 * one segment in the paths of the gateway.
 *
 * @module
 */
import { textFault } from "../source/key-spelling.ts";

const MOST_CHARACTERS = 100;

/** Why `name` can't be one, to go on from the name of the field; `undefined` if it can. */
export function nameFault(name: string): string | undefined {
  const length = [...name].length;
  if (length < 1 || length > MOST_CHARACTERS) {
    return `must have 1 to ${MOST_CHARACTERS} characters`;
  }
  if (textFault(name) !== undefined) {
    return "must be Unicode text without control characters";
  }
  if (/[/\\]/.test(name)) return "must not have / or \\";
  if (name.trim() !== name) return "must not begin or end with a space";
  if (name === "." || name === "..") return "must not be . or ..";
  return undefined;
}
