/**
 * Permits that outlast a machine that stops now and then.
 *
 * A permit is forfeit a few hundred milliseconds after its claim, and what asked for it is
 * refused or put off. That is right, and no matter of most tests: theirs may be used late.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import { CallQuota } from "../../src/services/quota/call-quota.ts";

const LONGER_MILLIS = 30_000;

/** Changes the quota in its place, for the jobs hold it already; what it counts stays as it is. */
export const lastingPermits = Layer.effectDiscard(
  Effect.map(CallQuota, (quota) => {
    const { spend } = quota;
    const lasting: typeof spend = (...asked) =>
      Effect.map(spend(...asked), (spent) => ({
        ...spent,
        notAfter: spent.notAfter + LONGER_MILLIS,
      }));
    Object.assign(quota, { spend: lasting });
  }),
);
