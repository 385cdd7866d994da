/**
 * However many ask for the same at once, it is done once.
 *
 * @module
 */
import * as Deferred from "effect/Deferred";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import type * as Scope from "effect/Scope";

/**
 * Gives a function that runs `effect` under `name`, or joins the run that is under way.
 * Whoever gives up waiting stops nothing; `scope` ends what still runs.
 */
export function makeCollapse<A, E>(scope: Scope.Scope) {
  const running = new Map<string, Deferred.Deferred<A, E>>();
  return <R>(name: string, effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.uninterruptibleMask((restore) =>
      Effect.suspend(() => {
        const joined = running.get(name);
        if (joined !== undefined) return restore(Deferred.await(joined));
        const done = Deferred.makeUnsafe<A, E>();
        running.set(name, done);
        return Effect.interruptible(effect).pipe(
          Effect.exit,
          Effect.map((exit: Exit.Exit<A, E>) => {
            running.delete(name);
            Deferred.doneUnsafe(done, exit);
          }),
          Effect.forkIn(scope),
          Effect.andThen(restore(Deferred.await(done))),
        );
      }),
    );
}
