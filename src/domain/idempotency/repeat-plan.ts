/**
 * What to do with a request that names itself.
 *
 * The first of its name is carried out, and its answer kept for a day. A first that does
 * not come to an answer, because its process died, is begun anew when its lease is over.
 *
 * Instants are Unix milliseconds of the store's clock.
 *
 * Source: contract §6.
 *
 * @module
 */
import type { Answer } from "./kept-answer.ts";
import { sameRequest } from "./request-fingerprint.ts";

/** How long an answer is kept, from the begin of its request. */
export const KEPT_MILLIS = 86_400_000;
/** How long a request may run; above the longest wait that a client can ask for. */
export const RUN_LEASE_MILLIS = 120_000;

/** The request that came first with a key. */
export interface FirstRequest {
  readonly fingerprint: Uint8Array;
  readonly begunAt: number;
  readonly progress:
    | { readonly _tag: "Running"; readonly leaseUntil: number }
    | { readonly _tag: "Answered"; readonly answer: Answer };
}

export type RepeatPlan =
  | { readonly _tag: "Begin" }
  | { readonly _tag: "Replay"; readonly answer: Answer }
  /** The key was given to another request. */
  | { readonly _tag: "Mismatch" }
  | { readonly _tag: "StillRunning" };

/** The plan for a request of this `fingerprint` at `now`, where `first` has the same key. */
export function planRepeat(
  first: FirstRequest | undefined,
  fingerprint: Uint8Array,
  now: number,
): RepeatPlan {
  if (first === undefined || now >= first.begunAt + KEPT_MILLIS) return { _tag: "Begin" };
  if (!sameRequest(first.fingerprint, fingerprint)) return { _tag: "Mismatch" };
  const { progress } = first;
  if (progress._tag === "Answered") return { _tag: "Replay", answer: progress.answer };
  return now >= progress.leaseUntil ? { _tag: "Begin" } : { _tag: "StillRunning" };
}
