/**
 * Those in this process who wait for a call of a source, first come, first served.
 *
 * Only the first in line asks, for all who stand in it, and hands out what he gets. Where the
 * store has said that none is free, he asks again at the instant at which one will be, and
 * the queue of every process leaves as many calls as are waited for. Who can't be served in
 * time is sent away at once.
 *
 * @module
 */
import * as Clock from "effect/Clock";
import * as Context from "effect/Context";
import * as Deferred from "effect/Deferred";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import type { Source } from "../../domain/source/source.ts";
import type { Counters } from "../counters.ts";
import { StoreUnavailable } from "../errors.ts";
import type { CallQuota } from "./call-quota.ts";
import { CallWaiters } from "./call-waiters.ts";
import { NoCallFree, type Permit, takePermits } from "./permit.ts";

export class CallLine extends Context.Service<
  CallLine,
  {
    /**
     * Spends one call of `source` as soon as one is free, `millis` from now at the latest;
     * else fails with `NoCallFree`. While calls are free nobody is sent away for want of
     * time, unless the store takes very long.
     */
    readonly wait: (
      source: Source,
      millis: number,
    ) => Effect.Effect<Permit, NoCallFree | StoreUnavailable, CallQuota | Counters>;
  }
>()("uni-cache/services/CallLine") {}

/** In this process, over all sources. */
const MOST_WAITING = 1_000;
/** Calls that one statement spends, and that the queue leaves free for this process. */
const MOST_AT_ONCE = 64;
/** An answer is good for those behind as long. */
const REMEMBERED_MILLIS = 100;
/** The store's clock is known this well. */
const HAIR_MILLIS = 2;
/** A row outlives its waiter by this at most. */
const SLACK_MILLIS = 250;
/** How long the store may take while it has refused nothing. */
const STORE_MILLIS = 5_000;

/** Its turn has come, or somebody before it has got a call for it. */
type Called = "First" | Permit;
type Place = Deferred.Deferred<Called>;

interface Line {
  readonly places: Place[];
  /** What the first in line was told last, and when he had the answer. */
  told: { readonly at: number; readonly retryAt: number | undefined };
}

export const layer = (processId: string) =>
  Layer.effect(
    CallLine,
    Effect.gen(function* () {
      const waiters = yield* CallWaiters;
      const scope = yield* Effect.scope;
      const lines = new Map<string, Line>();
      let waiting = 0;
      let numbered = 0;

      /** Takes the place at the end of the line; gives it up whatever happens. */
      const inLine = <A, E, R>(
        { id }: Source,
        use: (line: Line, place: Place) => Effect.Effect<A, E, R>,
      ) =>
        Effect.acquireUseRelease(
          Effect.sync(() => {
            const line = lines.get(id) ?? {
              places: [],
              told: { at: -Infinity, retryAt: undefined },
            };
            lines.set(id, line);
            const place: Place = Deferred.makeUnsafe();
            line.places.push(place);
            waiting += 1;
            callFirst(line);
            return { line, place };
          }),
          ({ line, place }) => use(line, place),
          ({ line, place }) =>
            Effect.sync(() => {
              waiting -= 1;
              leaveLine(line, place);
              callFirst(line);
              if (line.places.length === 0) lines.delete(id);
            }),
        );

      const isRefused = ({ told }: Line, now: number, until: number) =>
        now - told.at <= REMEMBERED_MILLIS && (told.retryAt ?? Infinity) > until;

      /** Tells the other processes of all in line for as long as `use` takes. */
      const registered = <A, E, R>(
        source: Source,
        line: Line,
        millis: number,
        use: Effect.Effect<A, E, R>,
      ) =>
        Effect.suspend(() => {
          const count = Math.min(line.places.length, MOST_AT_ONCE);
          const ids = Array.from({ length: count }, () => `${processId} ${++numbered}`);
          // Behind the answer: a permit lasts for a moment only. What can't be told is no harm.
          const leave = Effect.forkIn(Effect.ignore(waiters.leave(ids)), scope);
          const enter = waiters.enter(ids, source.id, millis + SLACK_MILLIS);
          return Effect.andThen(enter, use).pipe(Effect.ensuring(leave));
        });

      /** Asks once for all in line. Gives his own to the first, `undefined` where none is free. */
      const askOnce = (source: Source, line: Line, place: Place) =>
        // Interrupted between its commit and here permits would be lost.
        Effect.gen(function* () {
          const wanted = Math.min(Math.max(1, line.places.length), MOST_AT_ONCE);
          const take = (free: number) => Effect.succeed(Math.min(free, wanted));
          const { permit, used, retryAt } = yield* takePermits(source, wanted, take);
          if (used < wanted) line.told = { at: yield* Clock.currentTimeMillis, retryAt };
          if (permit === undefined) return undefined;
          leaveLine(line, place);
          for (const other of line.places.splice(0, used - 1)) {
            Deferred.doneUnsafe(other, Effect.succeed(permit));
          }
          return permit;
        }).pipe(Effect.uninterruptible);

      /** The first in line asks, and asks again when he was told to, until `deadline`. */
      const ask = Effect.fnUntraced(function* (
        source: Source,
        line: Line,
        place: Place,
        deadline: number,
      ) {
        for (;;) {
          const now = yield* Clock.currentTimeMillis;
          if (isRefused(line, now, deadline)) return yield* noCallFree(source, line);
          const wait = isRefused(line, now, now) ? (line.told.retryAt ?? now) - now : 0;
          const turn = askOnce(source, line, place);
          const permit = yield* wait > 0
            ? registered(
                source,
                line,
                deadline - now,
                Effect.andThen(Effect.sleep(wait + HAIR_MILLIS), turn),
              )
            : turn;
          if (permit !== undefined) return permit;
        }
      });

      const noCallFree = ({ id }: Source, line: Line | undefined) =>
        new NoCallFree({ sourceId: id, retryAt: line?.told.retryAt });

      /** Waits to be called: for `millis`, and longer where the store has refused nothing. */
      const called = Effect.fnUntraced(function* (
        source: Source,
        line: Line,
        place: Place,
        deadline: number,
      ) {
        for (const grace of [0, STORE_MILLIS]) {
          const now = yield* Clock.currentTimeMillis;
          if (isRefused(line, now, deadline)) return yield* noCallFree(source, line);
          const left = Math.max(0, deadline - now) + grace;
          const mine = yield* Effect.timeoutOption(Deferred.await(place), left);
          if (mine._tag === "Some") return mine.value;
        }
        return yield* new StoreUnavailable({ operation: "CallLine.wait", cause: "slow" });
      });

      return CallLine.of({
        wait: Effect.fnUntraced(function* (source, millis) {
          if (waiting >= MOST_WAITING) {
            return yield* noCallFree(source, lines.get(source.id));
          }
          const deadline = (yield* Clock.currentTimeMillis) + millis;
          return yield* inLine(
            source,
            Effect.fnUntraced(function* (line, place) {
              const got = yield* called(source, line, place, deadline);
              return got === "First" ? yield* ask(source, line, place, deadline) : got;
            }),
          );
        }),
      });
    }),
  );

function callFirst({ places: [first] }: Line): void {
  if (first !== undefined) Deferred.doneUnsafe(first, Effect.succeed("First" as const));
}

function leaveLine({ places }: Line, place: Place): void {
  const at = places.indexOf(place);
  if (at >= 0) places.splice(at, 1);
}
