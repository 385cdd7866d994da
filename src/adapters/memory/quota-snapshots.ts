/**
 * Quota rows as seen by one background query a second, for the sources read of late.
 *
 * In between, and after a pause, the domain ages the snapshot. Only a source that was
 * never read here waits for the store.
 *
 * @module
 */
import * as Clock from "effect/Clock";
import * as Deferred from "effect/Deferred";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Schedule from "effect/Schedule";
import { budgetAt, type QuotaRecord } from "../../domain/quota/budget.ts";
import type { StoreUnavailable } from "../../services/errors.ts";
import { CallQuota } from "../../services/quota/call-quota.ts";
import { QuotaSnapshots } from "../../services/quota/quota-snapshots.ts";

const PAUSE = "1 second";
const LATE_MILLIS = 60_000;

export const layer = Layer.effect(
  QuotaSnapshots,
  Effect.gen(function* () {
    const quota = yield* CallQuota;
    const scope = yield* Effect.scope;
    const looking = new Map<string, Deferred.Deferred<void, StoreUnavailable>>();
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

    /** However many ask at once, it looks once. */
    const firstLook = (id: string) =>
      Effect.suspend(() => {
        const running = looking.get(id);
        if (running !== undefined) return Deferred.await(running);
        const done = Deferred.makeUnsafe<void, StoreUnavailable>();
        looking.set(id, done);
        // Not a child of who asked first: others wait for it too.
        return look([id]).pipe(
          Effect.exit,
          Effect.map((exit) => {
            looking.delete(id);
            Deferred.doneUnsafe(done, exit);
          }),
          Effect.forkIn(scope),
          Effect.andThen(Deferred.await(done)),
        );
      });

    return QuotaSnapshots.of({
      budgetAt: Effect.fnUntraced(function* (source, now) {
        readAt.set(source.id, now);
        if (!snapshots.has(source.id)) yield* firstLook(source.id);
        return budgetAt(source.rateLimit, snapshots.get(source.id), now);
      }),
    });
  }),
);
