/**
 * What came of asking the upstream for an entry.
 *
 * @module
 */
import type { RefreshFailure } from "../../domain/refresh/refresh-standing.ts";
import type { Held } from "./entry-memory.ts";

/**
 * `collapsed`: the call was already wanted by another. `NotNow`: no call was free, or no answer came
 * while it was waited for.
 */
export type Fetched =
  | { readonly _tag: "Fetched"; readonly held: Held; readonly collapsed: boolean }
  | { readonly _tag: "Failed"; readonly failure: RefreshFailure }
  | { readonly _tag: "NotNow" };

export const notNow: Fetched = { _tag: "NotNow" };
