/**
 * Counts what waits and runs, from the partial indexes on the state of tasks.
 *
 * A long queue takes a while to count, so a process counts for one asker at a time: many
 * who ask at once must not take the connections that reads and refreshes need.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Semaphore from "effect/Semaphore";
import { type Work, Workload } from "../../services/workload.ts";
import { Database } from "./database.ts";

export const layer = Layer.effect(
  Workload,
  Effect.gen(function* () {
    const database = yield* Database;
    const oneAtATime = yield* Semaphore.make(1);

    const look = database.run("Workload.look", async ({ sql }) => {
      const [row] = await sql<Work[]>`
        select (select count(*) from tasks where state = 'queued') as queued,
          (select count(*) from tasks where state = 'running') as running,
          (select count(*) from sources) as sources`;
      return row ?? { queued: 0, running: 0, sources: 0 };
    });
    return Workload.of({ look: oneAtATime.withPermits(1)(look) });
  }),
);
