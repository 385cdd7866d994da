/**
 * Where the answers of requests that name themselves are kept, for all processes.
 *
 * @module
 */
import * as Context from "effect/Context";
import type * as Effect from "effect/Effect";
import type { Answer } from "../../domain/idempotency/kept-answer.ts";
import type { RepeatPlan } from "../../domain/idempotency/repeat-plan.ts";
import type { StoreUnavailable } from "../errors.ts";

/** Callers don't see each other's keys. */
export interface RequestName {
  readonly caller: string;
  readonly key: string;
}

/** One carrying out of a named request; one begun anew has another `begunAt`. */
export interface RequestRun extends RequestName {
  readonly begunAt: number;
}

export type Beginning =
  | { readonly _tag: "Begun"; readonly run: RequestRun }
  | Exclude<RepeatPlan, { readonly _tag: "Begin" }>;

export class IdempotencyKeys extends Context.Service<
  IdempotencyKeys,
  {
    /** Takes the name for this request, if it is free. Of many at once one has it. */
    readonly begin: (
      name: RequestName,
      fingerprint: Uint8Array,
    ) => Effect.Effect<Beginning, StoreUnavailable>;
    /** Keeps `answer`, unless the request was begun anew. Safe to repeat. */
    readonly answered: (
      run: RequestRun,
      answer: Answer,
    ) => Effect.Effect<void, StoreUnavailable>;
    /** Frees the name, unless the request was begun anew. Safe to repeat. */
    readonly forget: (run: RequestRun) => Effect.Effect<void, StoreUnavailable>;
  }
>()("uni-cache/services/IdempotencyKeys") {}
