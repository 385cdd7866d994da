/**
 * Room in the memory of this process for answers of many entries.
 *
 * What is stored is gathered before an answer goes out, and stays until the client has
 * taken it. However many ask at once, together they take no more than there is room for;
 * the rest wait, and come in as they came. A client that is slow to take its answer is cut
 * off, so that nobody waits for it for ever.
 *
 * @module
 */
import * as Clock from "effect/Clock";
import * as Context from "effect/Context";
import * as Deferred from "effect/Deferred";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Layer from "effect/Layer";

/** What one answer takes of the room. */
export interface Share {
  /** Takes `bytes` from here on, whatever it took before. */
  readonly resize: (bytes: number) => void;
  /** Gives all of it back. Calling it twice does no harm. */
  readonly leave: () => void;
  /** Fires when the time for an answer is over, and the share is given back. */
  readonly over: AbortSignal;
}

export class AnswerRoom extends Context.Service<
  AnswerRoom,
  {
    /**
     * Waits for a share of `bytes`, which is asked when its turn comes, and does `work` with
     * it. Who has what `work` gives leaves the share; where it fails, dies or is interrupted,
     * the share is given back here.
     */
    readonly within: <A, E, R>(
      bytes: () => number,
      work: (share: Share) => Effect.Effect<A, E, R>,
    ) => Effect.Effect<A, E, R>;
    /** Bytes that no answer has taken, and how many wait for theirs. */
    readonly left: () => { readonly bytes: number; readonly waiting: number };
  }
>()("uni-cache/services/AnswerRoom") {}

const MOST_BYTES = 128 * 1024 * 1024;
/** From its share on, an answer has this long until its client has it. */
export const MOST_MILLIS = 60_000;
const LOOK_PAUSE = "5 seconds";

interface Waiter {
  readonly bytes: () => number;
  readonly admitted: Deferred.Deferred<Share>;
}

/** More than `mostBytes` are taken by one answer alone, and none besides. */
export const layer = (mostBytes = MOST_BYTES) =>
  Layer.effect(
    AnswerRoom,
    Effect.gen(function* () {
      const waiting: Waiter[] = [];
      /** What is inside, with the instant at which its time is over. */
      const inside = new Map<AbortController, { readonly share: Share; until: number }>();
      const clock = yield* Clock.Clock;
      let free = mostBytes;

      const enter = (bytes: number): Share => {
        const time = new AbortController();
        let taken = bytes;
        free -= taken;
        const resize = (to: number) => {
          if (!inside.has(time)) return;
          free += taken - to;
          taken = to;
          admit();
        };
        const leave = () => {
          resize(0);
          inside.delete(time);
        };
        const share = { resize, leave, over: time.signal };
        const until = clock.currentTimeMillisUnsafe() + MOST_MILLIS;
        inside.set(time, { share, until });
        return share;
      };

      /** Nobody is let past who asks for less. */
      const admit = () => {
        for (let [next] = waiting; next !== undefined; [next] = waiting) {
          const bytes = Math.min(next.bytes(), mostBytes);
          if (bytes > free) return;
          waiting.shift();
          Deferred.doneUnsafe(next.admitted, Exit.succeed(enter(bytes)));
        }
      };

      const withdraw = (waiter: Waiter) =>
        Effect.gen(function* () {
          const at = waiting.indexOf(waiter);
          if (at >= 0) waiting.splice(at, 1);
          else (yield* Deferred.await(waiter.admitted)).leave();
          admit();
        });

      yield* Effect.sync(() => {
        const now = clock.currentTimeMillisUnsafe();
        for (const [time, { share, until }] of inside) {
          if (now < until) continue;
          share.leave();
          time.abort();
        }
      }).pipe(Effect.delay(LOOK_PAUSE), Effect.forever, Effect.forkScoped);

      return AnswerRoom.of({
        within: (bytes, work) =>
          Effect.uninterruptibleMask((restore) =>
            Effect.gen(function* () {
              const waiter: Waiter = { bytes, admitted: Deferred.makeUnsafe() };
              waiting.push(waiter);
              if (waiting.length === 1) admit();
              const share = yield* restore(Deferred.await(waiter.admitted)).pipe(
                Effect.onInterrupt(() => withdraw(waiter)),
              );
              return yield* restore(work(share)).pipe(
                Effect.onExit((exit) =>
                  Effect.sync(() => {
                    if (Exit.isFailure(exit)) share.leave();
                  }),
                ),
              );
            }),
          ),
        left: () => ({ bytes: free, waiting: waiting.length }),
      });
    }),
  );
