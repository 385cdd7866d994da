/**
 * The audit trail: who changed what, when and from where.
 *
 * @module
 */
import * as Context from "effect/Context";
import type * as Effect from "effect/Effect";
import type { AuditAction } from "../../domain/audit/audit-action.ts";
import type { StoreUnavailable } from "../errors.ts";
import type { Acting, Actor } from "./actor.ts";

/** What was done. */
export interface Act {
  readonly action: AuditAction;
  /** What it was done to: an id or a name. */
  readonly target: string;
  /** What else tells later what happened; names as clients know them, never a secret. */
  readonly details?: Readonly<Record<string, unknown>>;
}

export interface AuditRecord extends Required<Act>, Acting {
  readonly id: number;
  readonly at: number;
}

/** Where a record stands among all: by time, those of one instant by number. */
export type AuditPlace = Pick<AuditRecord, "at" | "id">;

export interface AuditFilter {
  readonly action: AuditAction | undefined;
  readonly actor: string | undefined;
  /** Not before this instant. */
  readonly from: number | undefined;
  /** Before this instant. */
  readonly to: number | undefined;
  /** Only what stands behind, that is, is older. */
  readonly before: AuditPlace | undefined;
}

export class Audit extends Context.Service<
  Audit,
  {
    /**
     * Keeps `act` as done by the `Actor`. To be called in the transaction of the change, so
     * that both are committed or neither.
     */
    readonly record: (act: Act) => Effect.Effect<void, StoreUnavailable, Actor>;
    /** Up to `limit` records, newest first. */
    readonly list: (
      filter: AuditFilter,
      limit: number,
    ) => Effect.Effect<readonly AuditRecord[], StoreUnavailable>;
  }
>()("uni-cache/services/Audit") {}
