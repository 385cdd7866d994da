/**
 * Spends one call, if need be the next one that will be free, ahead of all queued work.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import type { Source } from "../../domain/source/source.ts";
import { CallLine } from "./call-line.ts";
import { takePermit } from "./permit.ts";

/** Waits `millis` at most; at 0 as `takePermit`. Fails with `NoCallFree`. */
export const awaitPermit = Effect.fnUntraced(function* (source: Source, millis: number) {
  if (millis <= 0) return yield* takePermit(source);
  return yield* (yield* CallLine).wait(source, millis);
});
