/**
 * The running tasks of this process.
 *
 * Their leases are renewed as long as the process lives; what still runs when it stops
 * goes back to the queue.
 *
 * @module
 */
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Schedule from "effect/Schedule";
import { LEASE_MILLIS } from "../../domain/refresh/task.ts";
import { TaskQueue } from "./task-queue.ts";

export class Leases extends Context.Service<
  Leases,
  {
    /** Holds the lease of `taskId` until `running` ends, in whatever way. */
    readonly holding: <A, E, R>(
      taskId: string,
      running: Effect.Effect<A, E, R>,
    ) => Effect.Effect<A, E, R>;
  }
>()("uni-cache/services/Leases") {}

export const layer = Layer.effect(
  Leases,
  Effect.gen(function* () {
    const queue = yield* TaskQueue;
    const held = new Set<string>();

    const renew = Effect.suspend(() =>
      held.size === 0 ? Effect.void : queue.renewLeases([...held]),
    ).pipe(Effect.ignoreCause({ log: "Warn" }));
    yield* renew.pipe(
      Effect.repeat(Schedule.spaced(LEASE_MILLIS / 3)),
      Effect.forkScoped,
    );
    yield* Effect.addFinalizer(() => Effect.ignore(queue.putBack([...held])));

    return Leases.of({
      holding: (taskId, running) =>
        Effect.suspend(() => {
          held.add(taskId);
          return running;
        }).pipe(
          Effect.onInterrupt(() => Effect.ignore(queue.putBack([taskId]))),
          Effect.ensuring(Effect.sync(() => held.delete(taskId))),
        ),
    });
  }),
);
