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
/** Spelled in a few milliseconds, or 20 for the worst of them; a key counts as some more. */
const CHARACTERS_PER_TURN = 16_384;
const CHARACTERS_PER_KEY = 50;

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
  let characters = 0;
  for (const [index, item] of items.entries()) {
    characters += CHARACTERS_PER_KEY + lengthOf(item);
    if (characters > CHARACTERS_PER_TURN) {
      yield* othersTurn;
      characters = 0;
    }
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

function lengthOf(item: KeyItem): number {
  const values = typeof item === "string" ? [item] : Object.values(item);
  return values.reduce((sum, { length }) => sum + length, 0);
}

/** Lets the event loop go round once; `Effect.yieldNow` would only let other fibers run. */
const othersTurn = Effect.callback<void>((resume) => {
  const turn = setImmediate(() => resume(Effect.void));
  return Effect.sync(() => clearImmediate(turn));
});

function meantBy(template: KeyTemplate, item: KeyItem) {
  if (typeof item === "string") return admittedKey(template, item);
  const filled = fillTemplate(template, item);
  if (filled._tag === "Filled") return admittedKey(template, filled.key);
  return { _tag: "Refused", reason: `${filled.field}: ${filled.reason}` } as const;
}
