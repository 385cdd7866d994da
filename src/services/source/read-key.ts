/**
 * From what a client calls a key to the one key it means.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import { decodeKeySegment } from "../../domain/source/cache-key.ts";
import { admittedKey } from "../../domain/source/key-template.ts";
import { Invalid, Malformed } from "../errors.ts";
import type { KnownSource } from "./source-directory.ts";

/** Normalises `text` and matches it with the source's template; `field` names it in errors. */
export const keyOf = Effect.fnUntraced(function* (
  { template }: KnownSource,
  text: string,
  field: string,
) {
  const decision = admittedKey(template, text);
  if (decision._tag === "Malformed") {
    return yield* new Malformed({ field, reason: decision.reason });
  }
  if (decision._tag === "Refused") {
    return yield* new Invalid({ problems: [{ field, message: decision.reason }] });
  }
  return decision.key;
});

/** The text that the raw segment of a URL's path stands for. */
export const keyTextOf = Effect.fnUntraced(function* (rawSegment: string) {
  const decoded = decodeKeySegment(rawSegment);
  if (decoded._tag === "Malformed") {
    return yield* new Malformed({ field: "key", reason: decoded.reason });
  }
  return decoded.text;
});
