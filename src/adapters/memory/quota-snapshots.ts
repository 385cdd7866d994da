/**
 * Quota rows as seen by one background query a second, for the sources read of late.
 *
 * In between, and after a pause, the domain ages the snapshot. Only a source that was
 * never read here waits for the store.
 *
 * @module
 */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Schedule from "effect/Schedule";
import { budgetAt, type QuotaRecord } from "../../domain/quota/budget.ts";
import { makeCollapse } from "../../services/collapse.ts";
import type { StoreUnavailable } from "../../services/errors.ts";
import { CallQuota } from "../../services/quota/call-quota.ts";
import { QuotaSnapshots } from "../../services/quota/quota-snapshots.ts";

const PAUSE = "1 second";
const LATE_MILLIS = 60_000;

export const layer = Layer.effect(
  QuotaSnapshots,
  Effect.gen(function* () {
    const quota = yield* CallQuota;
    const collapse = makeCollapse<void, StoreUnavailable>(yield* Effect.scope);
    const snapshots = new Map<string, QuotaRecord | undefined>();
    const readAt = new Map<string, number>();

    const look = Effect.fnUntraced(function* (ids: readonly string[]) {
      const records = yield* quota.look(ids);
      for (const id of ids) snapshots.set(id, records.get(id));
    });

    const lookAtRead = Effect.gen(function* () {
      const now = yield* Clock.currentTimeMillis;
      for (const [id, at] of readAt) if (now - at > LATE_MILLIS) readAt.delete(id);
      if (readAt.size > 0) yield* look([...readAt.keys()]);
    });
    yield* lookAtRead.pipe(
      Effect.ignoreCause({ log: "Debug" }),
      Effect.repeat(Schedule.spaced(PAUSE)),
      Effect.forkScoped,
    );

    return QuotaSnapshots.of({
      budgetAt: Effect.fnUntraced(function* (source, now) {
        readAt.set(source.id, now);
        if (!snapshots.has(source.id)) {
          yield* collapse(source.id, look([source.id]));
        }
        return budgetAt(source.rateLimit, snapshots.get(source.id), now);
      }),
    });
  }),
);
