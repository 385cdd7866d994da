/**
 * The right to start one upstream call, for a moment.
 *
 * The moment counts from before the claim read the clock, on a clock that never steps: a
 * permit that was long under way, or whose holder was stopped, is forfeit, and spent all
 * the same.
 *
 * @module
 */
import * as Clock from "effect/Clock";
import * as Data from "effect/Data";
import * as Effect from "effect/Effect";
import type { Ticket } from "../../domain/quota/quota.ts";
import { holdMillis } from "../../domain/quota/rate-limit.ts";
import type { Source } from "../../domain/source/source.ts";
import { Counters } from "../counters.ts";
import { CallQuota } from "./call-quota.ts";

export interface Permit {
  readonly ticket: Ticket;
  /** Monotonic milliseconds; not to be used after. */
  readonly usableUntil: number;
  /** The upstream's last answer was a refusal. */
  readonly afterRefusal: boolean;
}

/** No call is free before `retryAt` (Unix ms); `undefined` where that can't be told. */
export class NoCallFree extends Data.TaggedError("NoCallFree")<{
  readonly sourceId: string;
  readonly retryAt: number | undefined;
}> {
  override get message() {
    return `Cannot call the upstream of source "${this.sourceId}": no call is free`;
  }
}

export const monotonicMillis = Effect.map(
  Clock.monotonicTimeNanos,
  (nanos) => Number(nanos) / 1e6,
);

/** Spends up to `wanted` calls, as many as `use` says it used, in one transaction with it. */
export const takePermits = Effect.fnUntraced(function* <E, R>(
  source: Source,
  wanted: number,
  use: (free: number) => Effect.Effect<number, E, R>,
) {
  const quota = yield* CallQuota;
  const { used, notAfter, ticket, retryAt, afterRefusal } = yield* quota.spend(
    source.id,
    source.rateLimit,
    wanted,
    use,
  );
  const usableUntil = notAfter + holdMillis(source.rateLimit);
  const permit: Permit | undefined =
    ticket === undefined || used === 0
      ? undefined
      : { ticket, usableUntil, afterRefusal };
  return { permit, used, retryAt };
});

/** Says whether `permit` came too late for its `calls`; then counts their loss, and logs it. */
export const isForfeit = Effect.fnUntraced(function* (
  { id }: Source,
  permit: Permit,
  calls: number,
) {
  if ((yield* monotonicMillis) <= permit.usableUntil) return false;
  (yield* Counters).count("calls_lost", calls);
  yield* Effect.logWarning(
    `Lost ${calls} calls of source "${id}": they could not start while their permit was good`,
  );
  return true;
});

/** Spends one call, or fails with `NoCallFree`. */
export const takePermit = Effect.fnUntraced(function* (source: Source) {
  const { permit, retryAt } = yield* takePermits(source, 1, () => Effect.succeed(1));
  if (permit === undefined) {
    return yield* new NoCallFree({ sourceId: source.id, retryAt });
  }
  return permit;
});
