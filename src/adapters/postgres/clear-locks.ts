/**
 * Advisory locks by the name of what is cleared. Two names that hash alike only make one
 * of two clears fail that could both have run.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import { ClearLocks } from "../../services/clearing/clear-locks.ts";
import { Database } from "./database.ts";

/** The first half of the locks' numbers; 1 is of the queues. */
const CLEAR_LOCK = 2;

export const layer = Layer.effect(
  ClearLocks,
  Effect.map(Database, (database) =>
    ClearLocks.of({
      hold: (what) =>
        database.run("ClearLocks.hold", async ({ sql }) => {
          const [lock] = await sql<{ mine: boolean }[]>`
            select pg_try_advisory_xact_lock(${CLEAR_LOCK}, hashtext(${what})) as mine`;
          return lock?.mine === true;
        }),
    }),
  ),
);
