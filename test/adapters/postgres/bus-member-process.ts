/**
 * A process that follows the change log, for tests that start several.
 *
 * Usage: bus-member-process.ts <database url>. Tells what it hears as lines of JSON. Each
 * line of its input is the id of a source whose change it logs, and then waits until all
 * have acknowledged. Leaves at the end of its input.
 *
 * @module
 */
import { Effect, Layer, ManagedRuntime } from "effect";
import { createInterface } from "node:readline";
import * as ChangeBus from "../../../src/adapters/postgres/change-bus.ts";
import * as Database from "../../../src/adapters/postgres/database.ts";
import * as DatabaseClock from "../../../src/adapters/postgres/database-clock.ts";
import * as Notifications from "../../../src/adapters/postgres/notifications.ts";
import { ChangeBus as Bus } from "../../../src/services/change-bus.ts";
import { patientPool } from "./patient-pool.ts";

const [url = ""] = process.argv.slice(2);
const tell = (event: object) => process.stdout.write(`${JSON.stringify(event)}\n`);

const runtime = ManagedRuntime.make(
  ChangeBus.layer(`${process.pid}`).pipe(
    Layer.provideMerge(DatabaseClock.layer),
    Layer.provideMerge(
      Layer.mergeAll(Database.layer({ url }, patientPool), Notifications.layer({ url })),
    ),
  ),
);

await runtime.runPromise(
  Bus.use((bus) =>
    bus.subscribe((event) =>
      Effect.sync(() => {
        tell(
          event._tag === "Logged"
            ? { event: "applied", at: Date.now(), ...event.logged }
            : { event: "lost", seq: event.seq },
        );
      }),
    ),
  ),
);
tell({ event: "ready" });

const logAndWait = (sourceId: string) =>
  Bus.use((bus) =>
    Effect.gen(function* () {
      const seq = yield* bus.log({ _tag: "SourceChanged", sourceId });
      const loggedAt = performance.now();
      const unreached = yield* bus.acknowledged(seq);
      const at = Date.now();
      const millis = performance.now() - loggedAt;
      tell({ event: "acknowledged", sourceId, seq, unreached, millis, at });
    }),
  );

const input = createInterface(process.stdin);
input.on("line", (line) => runtime.runFork(logAndWait(line)));
input.once("close", async () => {
  await runtime.dispose();
  process.exit(0);
});
