/**
 * Counts gathered in memory and added to the store in batches.
 *
 * A batch that failed is handed in with the next. Its commit is refused where the store
 * reaches it too late, so it is stored twice only where the connection is lost with the
 * commit under way.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Schedule from "effect/Schedule";
import * as Semaphore from "effect/Semaphore";
import { COUNTERS, type Counts, Counters } from "../../services/counters.ts";
import { Transaction } from "../../services/transaction.ts";
import { Database } from "./database.ts";

const PAUSE = "1 second";

/** Every process locks the rows in this order, so that none waits for another in a circle. */
const inOrder = COUNTERS.toSorted();

export const layer = Layer.effect(
  Counters,
  Effect.gen(function* () {
    const database = yield* Database;
    const { together } = yield* Transaction;
    const oneAtATime = yield* Semaphore.make(1);
    const counted = countsOf([]);
    let handedIn: Counts = countsOf([]);

    /** Uninterruptible: whether a batch was stored must be known before the next. */
    const handIn = Effect.suspend(() => {
      const upTo = { ...counted };
      const names = inOrder.filter((name) => upTo[name] !== handedIn[name]);
      if (names.length === 0) return Effect.void;
      const values = names.map((name) => upTo[name] - handedIn[name]);
      const adding = database.atCommit(
        ({ sql }) => sql`
          insert into counters (name, value)
          select name, value from unnest(${names}::text[], ${values}::bigint[]) as n (name, value)
          on conflict (name) do update set value = counters.value + excluded.value`,
      );
      return Effect.andThen(
        together("Counters.handIn", adding),
        Effect.sync(() => {
          handedIn = upTo;
        }),
      );
    }).pipe(Effect.uninterruptible, oneAtATime.withPermits(1));

    // Before the loop, and so run after it: what is counted until the end is handed in too.
    yield* Effect.addFinalizer(() => Effect.ignore(handIn, { log: "Warn" }));
    yield* handIn.pipe(
      Effect.ignoreCause({ log: "Debug" }),
      Effect.repeat(Schedule.spaced(PAUSE)),
      Effect.forkScoped,
    );

    const stored = database.run(
      "Counters.totals",
      ({ sql }) => sql<CounterRow[]>`
        select name, value from counters where name = any(${inOrder})`,
    );

    return Counters.of({
      count: (name, by = 1) => {
        counted[name] += by;
      },
      // Only what is stored is told: what one process alone knows would be missing from
      // the answer of the next, and the total would go back.
      totals: Effect.map(Effect.andThen(handIn, stored), countsOf),
      own: () => ({ ...counted }),
    });
  }),
);

interface CounterRow {
  readonly name: string;
  readonly value: number;
}

/** Zero for what was never counted; names of another version are left out. */
function countsOf(rows: readonly CounterRow[]) {
  const values = new Map(rows.map(({ name, value }) => [name, value]));
  const counts = COUNTERS.map((name) => [name, values.get(name) ?? 0]);
  // Safe because every name has its place.
  return Object.fromEntries(counts) as { -readonly [K in keyof Counts]: number };
}
