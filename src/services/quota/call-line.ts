/**
 * Those in this process who wait for the next call of a source, first come, first served.
 *
 * Only the first in line asks, at the instant at which the next call will be free; the queue
 * of every process leaves it to him. Who can't be served in time is sent away at once.
 *
 * @module
 */
import * as Clock from "effect/Clock";
import * as Context from "effect/Context";
import * as Deferred from "effect/Deferred";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import type { Source } from "../../domain/source/source.ts";
import type { StoreUnavailable } from "../errors.ts";
import type { CallQuota } from "./call-quota.ts";
import { CallWaiters } from "./call-waiters.ts";
import { NoCallFree, type Permit, takePermit } from "./permit.ts";
import type { Counters } from "../counters.ts";

export class CallLine extends Context.Service<
  CallLine,
  {
    /**
     * Spends one call of `source` as soon as one is free, `millis` from now at the latest;
     * else fails with `NoCallFree`.
     */
    readonly wait: (
      source: Source,
      millis: number,
    ) => Effect.Effect<Permit, NoCallFree | StoreUnavailable, CallQuota | Counters>;
  }
>()("uni-cache/services/CallLine") {}

/** In this process, over all sources. */
export const MOST_WAITING = 1_000;
/** Calls of one source that the queue leaves free for this process. */
const MOST_REGISTERED = 32;
/** An answer is good for those behind as long. */
const REMEMBERED_MILLIS = 100;
/** The store's clock is known this well. */
const HAIR_MILLIS = 2;
/** A row outlives its waiter by this at most. */
const SLACK_MILLIS = 250;

interface Line {
  readonly places: Deferred.Deferred<void>[];
  registered: number;
  /** What the first in line was told last. */
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
        use: (line: Line, place: Deferred.Deferred<void>) => Effect.Effect<A, E, R>,
      ) =>
        Effect.acquireUseRelease(
          Effect.sync(() => {
            const line = lines.get(id) ?? {
              places: [],
              registered: 0,
              told: { at: -Infinity, retryAt: undefined },
            };
            lines.set(id, line);
            const place = Deferred.makeUnsafe<void>();
            line.places.push(place);
            waiting += 1;
            callFirst(line);
            return { line, place };
          }),
          ({ line, place }) => use(line, place),
          ({ line, place }) =>
            Effect.sync(() => {
              waiting -= 1;
              line.places.splice(line.places.indexOf(place), 1);
              callFirst(line);
              if (line.places.length === 0) lines.delete(id);
            }),
        );

      const isRecent = ({ told }: Line, now: number) =>
        now - told.at <= REMEMBERED_MILLIS;

      const callFirst = ({ places: [first] }: Line) => {
        if (first !== undefined) Deferred.doneUnsafe(first, Effect.void);
      };

      /** Tells the other processes for as long as `use` takes; what can't be told is no harm. */
      const registered = <A, E, R>(
        source: Source,
        line: Line,
        millis: number,
        use: Effect.Effect<A, E, R>,
      ) =>
        Effect.suspend(() => {
          if (line.registered >= MOST_REGISTERED) return use;
          const id = `${processId} ${++numbered}`;
          line.registered += 1;
          // Behind the answer: a permit lasts for a moment only.
          const leave = Effect.sync(() => {
            line.registered -= 1;
          }).pipe(Effect.andThen(Effect.forkIn(Effect.ignore(waiters.leave(id)), scope)));
          const enter = waiters.enter(id, source.id, millis + SLACK_MILLIS);
          return Effect.andThen(enter, use).pipe(Effect.ensuring(leave));
        });

      /** The first in line asks, and asks again when he was told to, until `deadline`. */
      const ask = Effect.fnUntraced(function* (
        source: Source,
        line: Line,
        deadline: number,
      ) {
        for (;;) {
          const now = yield* Clock.currentTimeMillis;
          if (!isRecent(line, now) || (line.told.retryAt ?? 0) <= now) {
            // Interrupted between its commit and here a permit would be lost.
            const permit = yield* takePermit(source).pipe(
              Effect.catchTag("NoCallFree", ({ retryAt }) =>
                Effect.sync(() => {
                  line.told = { at: now, retryAt };
                }),
              ),
              Effect.uninterruptible,
            );
            if (permit !== undefined) return permit;
          }
          const next = line.told.retryAt;
          if (next === undefined || next > deadline)
            return yield* noCallFree(source, line);
          const left = next - (yield* Clock.currentTimeMillis);
          yield* Effect.sleep(Math.max(0, left) + HAIR_MILLIS);
        }
      });

      const noCallFree = ({ id }: Source, line: Line | undefined) =>
        new NoCallFree({ sourceId: id, retryAt: line?.told.retryAt });

      return CallLine.of({
        wait: Effect.fnUntraced(function* (source, millis) {
          if (waiting >= MOST_WAITING) {
            return yield* noCallFree(source, lines.get(source.id));
          }
          const deadline = (yield* Clock.currentTimeMillis) + millis;
          return yield* inLine(
            source,
            Effect.fnUntraced(function* (line, place) {
              // Most often a call is free, and nobody has to know.
              const isFirst = line.places[0] === place;
              if (isFirst) {
                const permit = yield* ask(source, line, -Infinity).pipe(
                  Effect.catchTag("NoCallFree", () => Effect.succeed(undefined)),
                );
                if (permit !== undefined) return permit;
              }
              const now = yield* Clock.currentTimeMillis;
              if (isRecent(line, now) && (line.told.retryAt ?? Infinity) > deadline) {
                return yield* noCallFree(source, line);
              }
              const turn = Effect.gen(function* () {
                const left = deadline - (yield* Clock.currentTimeMillis);
                const mine = yield* Effect.timeoutOption(Deferred.await(place), left);
                if (mine._tag === "None") return yield* noCallFree(source, line);
                return yield* ask(source, line, deadline);
              });
              return yield* registered(source, line, millis, turn);
            }),
          );
        }),
      });
    }),
  );
