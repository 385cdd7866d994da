/**
 * Those in this process who wait for an entry to be replaced, or for its refresh to fail.
 *
 * They are woken by the news of their entry, and then look once together. Nobody asks the
 * store again and again.
 *
 * @module
 */
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import type * as Scope from "effect/Scope";
import { type EntryId, newsName } from "../../domain/entry/entry.ts";
import { type Bell, makeBell } from "../bell.ts";
import { EntryMemory } from "./entry-memory.ts";
import { EntryNews } from "./entry-news.ts";

export class EntryWaiters extends Context.Service<
  EntryWaiters,
  {
    /**
     * Takes a place until the scope closes. The bell rings at news of `id`, when memory has
     * forgotten what was before. `undefined`: as many wait as may.
     */
    readonly enter: (id: EntryId) => Effect.Effect<Bell | undefined, never, Scope.Scope>;
  }
>()("uni-cache/services/EntryWaiters") {}

export const MOST_WAITERS = 2_000;

interface Place {
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
      const places = new Map<string, Place>();
      let waiting = 0;

      yield* news.subscribe({
        replaced: (names) => names.forEach((name) => places.get(name)?.bell.ring()),
        lost: () => places.forEach(({ bell }) => bell.ring()),
      });

      const enter = (name: string): Bell | undefined => {
        if (waiting >= mostWaiters) return undefined;
        waiting += 1;
        const place = places.get(name) ?? { bell: makeBell(), waiting: 0 };
        place.waiting += 1;
        places.set(name, place);
        return place.bell;
      };
      const leave = (name: string): void => {
        waiting -= 1;
        const place = places.get(name);
        if (place === undefined) return;
        place.waiting -= 1;
        if (place.waiting === 0) places.delete(name);
      };

      return EntryWaiters.of({
        enter: (id) => {
          const name = newsName(id);
          return Effect.acquireRelease(
            Effect.sync(() => enter(name)),
            (bell) => Effect.sync(() => void (bell === undefined || leave(name))),
          );
        },
      });
    }),
  );
