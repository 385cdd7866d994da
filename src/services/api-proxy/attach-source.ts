/**
 * Whether a caller may give an API proxy a source as its upstream.
 *
 * A caller who is restricted to sources sees no others.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import type { Caller } from "../../domain/access/caller.ts";
import { mayAttach } from "../../domain/access/project-access.ts";
import { NotPermitted } from "../access/errors.ts";
import { SourceNotFound } from "../errors.ts";

/** Fails where `caller` may not. There may be no such source. */
export const attachSource = Effect.fnUntraced(function* (
  caller: Caller,
  sourceId: string,
) {
  if (mayAttach(caller, sourceId)) return;
  if (caller.sources !== undefined) return yield* new SourceNotFound({ sourceId });
  return yield* new NotPermitted({ permission: "admin" });
});
