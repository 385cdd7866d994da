/**
 * What is left of a source's calls, pauses that its upstream asked for included.
 *
 * @module
 */
import { type Cooldown, cooledDown } from "./cooldown.ts";
import { emptyQuota, quotaAt, type QuotaState, type QuotaView } from "./quota.ts";
import type { RateLimit } from "./rate-limit.ts";

/** What is remembered of one source; `state` is `undefined` before its first call. */
export interface QuotaRecord {
  readonly state: QuotaState | undefined;
  readonly cooldown: Cooldown;
}

export interface Budget extends QuotaView {
  /** No call at all before this instant. */
  readonly cooldownUntil: number | undefined;
}

/** The budget that `record` leaves at `now`; a source without a record was never called. */
export function budgetAt(
  limit: RateLimit,
  record: QuotaRecord | undefined,
  now: number,
): Budget {
  const view = quotaAt(limit, record?.state ?? emptyQuota(limit, now), now);
  const cooldown = record?.cooldown;
  if (cooldown === undefined || cooledDown(cooldown, now)) {
    return { ...view, cooldownUntil: undefined };
  }
  return {
    ...view,
    remaining: 0,
    resetAt: cooldown.until,
    cooldownUntil: cooldown.until,
  };
}
