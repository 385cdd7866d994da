/**
 * Lists instances, a numbered page at a time.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import { InstanceStore } from "./instance-store.ts";

/** Page 1 is the first; one behind the last has no items. */
export const listInstances = Effect.fn("listInstances")(function* (
  page: number,
  limit: number,
) {
  const store = yield* InstanceStore;
  const { instances, total } = yield* store.list((page - 1) * limit, limit);
  return { instances, total, pages: Math.ceil(total / limit) };
});
