/**
 * The failed outcome of a refresh.
 *
 * @module
 */
import type { RefreshFailureCode } from "./task.ts";

/** `retry`: another attempt may do better. `detail` must hold no secret. */
export function failed(code: RefreshFailureCode, detail: string, retry = false) {
  return { _tag: "Failed", error: { code, detail }, retry } as const;
}
