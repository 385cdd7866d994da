/**
 * The one clock: database time on every process.
 *
 * A process runs on its own monotonic clock plus an offset measured from the store, so a
 * wrong or stepping wall clock on its machine does no harm. The offset is the middle of
 * the quickest of a few round trips; its error is at most half of that trip.
 *
 * @module
 */
import * as Clock from "effect/Clock";
import * as Context from "effect/Context";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import { Database } from "./database.ts";

export class DatabaseClock extends Context.Service<
  DatabaseClock,
  {
    /** Measures the offset again. Never fails: without an answer the old offset stays. */
    readonly measure: Effect.Effect<void>;
  }
>()("uni-cache/adapters/DatabaseClock") {}

const SAMPLES = 3;
const LONGEST_TIMER_MILLIS = 2 ** 31 - 1;

export const layer = Layer.effectContext(
  Effect.gen(function* () {
    const database = yield* Database;
    let offset = Date.now() - performance.now();

    const sample = database.run("DatabaseClock.measure", async ({ sql }) => {
      const sentAt = performance.now();
      const [row] = await sql<
        { now: number }[]
      >`select (extract(epoch from clock_timestamp()) * 1000)::float8 as now`;
      const tripMillis = performance.now() - sentAt;
      return { tripMillis, offset: (row?.now ?? 0) - (sentAt + tripMillis / 2) };
    });

    const measure = Effect.gen(function* () {
      const samples = yield* Effect.all(Array.from({ length: SAMPLES }, () => sample));
      offset = samples.reduce((a, b) => (b.tripMillis < a.tripMillis ? b : a)).offset;
    });

    yield* measure;
    return Context.make(
      DatabaseClock,
      DatabaseClock.of({ measure: Effect.ignoreCause(measure) }),
    ).pipe(
      Context.add(
        Clock.Clock,
        clockOver(() => performance.now() + offset),
      ),
    );
  }),
);

/** An Effect clock that shows `nowMillis`, and sleeps on the event loop's timers. */
function clockOver(nowMillis: () => number): Clock.Clock {
  const millis = () => Math.floor(nowMillis());
  const nanos = () => BigInt(Math.floor(nowMillis() * 1e6));
  const monotonic = () => BigInt(Math.floor(performance.now() * 1e6));
  return {
    currentTimeMillisUnsafe: millis,
    currentTimeMillis: Effect.sync(millis),
    currentTimeNanosUnsafe: nanos,
    currentTimeNanos: Effect.sync(nanos),
    monotonicTimeNanosUnsafe: monotonic,
    monotonicTimeNanos: Effect.sync(monotonic),
    sleep: (duration) =>
      Effect.callback<void>((resume) => {
        const millis = Math.min(Duration.toMillis(duration), LONGEST_TIMER_MILLIS);
        const timer = setTimeout(() => resume(Effect.void), millis);
        return Effect.sync(() => clearTimeout(timer));
      }),
  };
}
