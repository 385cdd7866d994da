/**
 * Those in this process who wait for an entry to be replaced, or for its refresh to fail.
 *
 * They are woken by the news of their entry, and then look once together. News can be lost
 * with a connection, or with the process that should have told them: so once a second one
 * question is asked about all that is waited for, and what has ended is told again.
 *
 * @module
 */
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import type * as Scope from "effect/Scope";
import { type EntryId, newsName } from "../../domain/entry/entry.ts";
import { PRIORITY } from "../../domain/refresh/task.ts";
import { type Bell, lookUntil, makeBell } from "../bell.ts";
import { EntryMemory } from "./entry-memory.ts";
import { EntryNews } from "./entry-news.ts";
import { TaskQueue } from "../refresh/task-queue.ts";
import { EntryStore } from "./entry-store.ts";

/** A place to wait at. */
export interface WaitingPlace {
  readonly bell: Bell;
  /**
   * Whoever waited here has gone. A refresh that nobody waits for any more must not stand
   * before those who wait: within about a second it takes its turn with the others.
   */
  readonly abandon: () => void;
}

export class EntryWaiters extends Context.Service<
  EntryWaiters,
  {
    /**
     * Takes a place until the scope closes. Its bell rings at news of `id`, when memory has
     * forgotten what was before. `undefined`: as many wait as may, or nobody may any more.
     */
    readonly enter: (
      id: EntryId,
    ) => Effect.Effect<WaitingPlace | undefined, never, Scope.Scope>;
    /** From now on nobody waits: rings every bell, for the last time. */
    readonly dismiss: Effect.Effect<void>;
    readonly isDismissed: () => boolean;
  }
>()("uni-cache/services/EntryWaiters") {}

export const MOST_WAITERS = 2_000;
const LOOK_PAUSE = "1 second";
const LOOKED_AT_ONCE = 500;

interface Place {
  readonly id: EntryId;
  readonly bell: Bell;
  waiting: number;
}

export const layer = (mostWaiters = MOST_WAITERS) =>
  Layer.effect(
    EntryWaiters,
    Effect.gen(function* () {
      // Memory subscribes first, and so forgets before anyone looks.
      yield* EntryMemory;
      const news = yield* EntryNews;
      const store = yield* EntryStore;
      const queue = yield* TaskQueue;
      const places = new Map<string, Place>();
      const lost = makeBell();
      const abandoned = new Map<string, EntryId>();
      let waiting = 0;
      let isDismissed = false;

      yield* news.subscribe({
        replaced: (names) => names.forEach((name) => places.get(name)?.bell.ring()),
        lost: () => lost.ring(),
      });
      const demoteAbandoned = Effect.gen(function* () {
        // Others may wait for the same.
        for (const name of places.keys()) abandoned.delete(name);
        const left = [...abandoned];
        for (let at = 0; at < left.length; at += LOOKED_AT_ONCE) {
          const page = left.slice(at, at + LOOKED_AT_ONCE);
          yield* queue.demote(page.map(([, id]) => id));
          for (const [name] of page) abandoned.delete(name);
        }
      });
      const tellEnded = Effect.gen(function* () {
        const ids = [...places.values()].map(({ id }) => id);
        for (let at = 0; at < ids.length; at += LOOKED_AT_ONCE) {
          const page = ids.slice(at, at + LOOKED_AT_ONCE);
          const standings = yield* store.standings(page);
          const taskOf = (index: number) => standings[index]?.task;
          const ended = page.filter((_, index) => taskOf(index) === undefined);
          yield* Effect.forEach(ended, news.replaced, { discard: true });
          // One that another process gave up waiting for.
          const demoted = page.filter(
            (_, index) => (taskOf(index)?.priority ?? 0) > PRIORITY.waiting,
          );
          if (demoted.length > 0) yield* queue.promote(demoted);
        }
        yield* demoteAbandoned;
        return false;
      }).pipe(Effect.catchCause((cause) => Effect.as(Effect.logDebug(cause), false)));
      yield* Effect.forkScoped(lookUntil(lost, LOOK_PAUSE, tellEnded));

      const enter = (id: EntryId): Place | undefined => {
        if (isDismissed || waiting >= mostWaiters) return undefined;
        const name = newsName(id);
        const place = places.get(name) ?? { id, bell: makeBell(), waiting: 0 };
        waiting += 1;
        place.waiting += 1;
        places.set(name, place);
        return place;
      };
      const abandon = ({ id }: Place): void => {
        abandoned.set(newsName(id), id);
      };
      const leave = (place: Place): void => {
        waiting -= 1;
        place.waiting -= 1;
        if (place.waiting === 0) places.delete(newsName(place.id));
      };

      return EntryWaiters.of({
        enter: (id) =>
          Effect.acquireRelease(
            Effect.sync(() => enter(id)),
            (place) => Effect.sync(() => place !== undefined && leave(place)),
          ).pipe(
            Effect.map((place) =>
              place === undefined
                ? undefined
                : { bell: place.bell, abandon: () => abandon(place) },
            ),
          ),
        dismiss: Effect.sync(() => {
          isDismissed = true;
          places.forEach(({ bell }) => bell.ring());
        }),
        isDismissed: () => isDismissed,
      });
    }),
  );
