/**
 * Reads a source as it is stored now.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import { SourceNotFound } from "../errors.ts";
import { SourceStore } from "./source-store.ts";

export const readSource = Effect.fn("readSource")(function* (id: string) {
  const store = yield* SourceStore;
  const source = yield* store.find(id);
  if (source === undefined) return yield* new SourceNotFound({ sourceId: id });
  return source;
});
