/**
 * Cursors: where a page of a list ended, in a form that only we can make.
 *
 * A cursor is the last item's name in base64url, a dot, and a tag over the name and the
 * list it belongs to. So it can't be made up, changed, or used with another list.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import { Invalid } from "../errors.ts";
import { Signer } from "./signer.ts";

const PURPOSE = "cursor";
const VERSION = 1;

/** What is listed, and by what it was narrowed down. */
export type List = readonly [name: string, ...filters: (string | null)[]];

/** The cursor of the page of `list` that ends with `last`; `null` at the list's end. */
export const cursorAfter = Effect.fnUntraced(function* (
  list: List,
  last: string | undefined,
) {
  const signer = yield* Signer;
  if (last === undefined) return null;
  const name = Buffer.from(last).toString("base64url");
  return `${name}.${signer.sign(PURPOSE, signedText(list, name))}`;
});

/** What the page before ended with, `undefined` for the first. Fails for a cursor of elsewhere. */
export const lastBefore = Effect.fnUntraced(function* (
  list: List,
  cursor: string | undefined,
) {
  const signer = yield* Signer;
  if (cursor === undefined) return undefined;
  const [name = "", tag = "", ...rest] = cursor.split(".");
  if (rest.length === 0 && signer.verify(PURPOSE, signedText(list, name), tag)) {
    return Buffer.from(name, "base64url").toString();
  }
  const message = "Not a cursor that this list gave";
  return yield* new Invalid({ problems: [{ field: "cursor", message }] });
});

const signedText = (list: List, name: string): string =>
  JSON.stringify([VERSION, ...list, name]);
