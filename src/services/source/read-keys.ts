/**
 * From the keys in a body to the keys they mean.
 *
 * An item is a key, or the params to fill the source's template with.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import {
  admittedKey,
  fillTemplate,
  type KeyTemplate,
  type Params,
} from "../../domain/source/key-template.ts";
import { type FieldProblem, Invalid } from "../errors.ts";
import type { KnownSource } from "./source-directory.ts";

export type KeyItem = string | Params;

const MOST_PROBLEMS = 20;

/**
 * The normalised key of each of `items`, in their order and with their duplicates. Fails
 * with `Invalid` for a bad one, named as `keys[3]` where `field` is `keys`.
 */
export const keysOf = Effect.fnUntraced(function* (
  { template }: KnownSource,
  items: readonly KeyItem[],
  field: string,
) {
  const keys: string[] = [];
  const problems: FieldProblem[] = [];
  for (const [index, item] of items.entries()) {
    const meant = meantBy(template, item);
    if (meant._tag === "Key") {
      keys.push(meant.key);
      continue;
    }
    problems.push({ field: `${field}[${index}]`, message: meant.reason });
    if (problems.length === MOST_PROBLEMS) break;
  }
  if (problems.length > 0) return yield* new Invalid({ problems });
  return keys;
});

function meantBy(template: KeyTemplate, item: KeyItem) {
  if (typeof item === "string") return admittedKey(template, item);
  const filled = fillTemplate(template, item);
  if (filled._tag === "Filled") return admittedKey(template, filled.key);
  return { _tag: "Refused", reason: `${filled.field}: ${filled.reason}` } as const;
}
