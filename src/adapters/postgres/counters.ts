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
import {
  type CounterName,
  COUNTERS,
  type Counts,
  Counters,
} from "../../services/counters.ts";
import { Transaction } from "../../services/transaction.ts";
import { Database } from "./database.ts";
import { rowsOf, storedRequests } from "./request-counts.ts";

const PAUSE = "1 second";

export const layer = Layer.effect(
  Counters,
  Effect.gen(function* () {
    const database = yield* Database;
    const { together } = yield* Transaction;
    const oneAtATime = yield* Semaphore.make(1);
    const own = countsOf([]);
    /** By the name of its row, what is not handed in yet. */
    let gathered = new Map<string, number>();
    const gather = (name: string, by: number) => {
      gathered.set(name, (gathered.get(name) ?? 0) + by);
    };
    const count = (name: CounterName, by = 1) => {
      if (by === 0) return;
      own[name] += by;
      gather(name, by);
    };

    /** Uninterruptible: whether a batch was stored must be known before the next. */
    const handIn = Effect.suspend(() => {
      if (gathered.size === 0) return Effect.void;
      // Every process locks the rows in this order, so that none waits for another in a circle.
      const batch = [...gathered].toSorted(([a], [b]) => (a < b ? -1 : 1));
      gathered = new Map();
      const names = batch.map(([name]) => name);
      const values = batch.map(([, value]) => value);
      const adding = database.atCommit(
        ({ sql }) => sql`
          insert into counters (name, value)
          select name, value from unnest(${names}::text[], ${values}::bigint[]) as n (name, value)
          on conflict (name) do update set value = counters.value + excluded.value`,
      );
      return together("Counters.handIn", adding).pipe(
        Effect.onError(() =>
          Effect.sync(() => batch.forEach(([name, value]) => gather(name, value))),
        ),
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
        select name, value from counters where name = any(${[...COUNTERS]})`,
    );

    return Counters.of({
      count,
      countRequest: (target, result) => {
        count(`gateway_${result}`);
        for (const name of rowsOf(target, result)) gather(name, 1);
      },
      // Only what is stored is told: what one process alone knows would be missing from
      // the answer of the next, and the total would go back.
      totals: Effect.map(Effect.andThen(handIn, stored), countsOf),
      requests: (mostEndpoints) =>
        Effect.andThen(
          handIn,
          database.run("Counters.requests", ({ sql }) =>
            storedRequests(sql, mostEndpoints),
          ),
        ),
      own: () => ({ ...own }),
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
