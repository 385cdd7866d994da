/**
 * The in-process cache: least recently used entries go first, counted in bytes.
 *
 * News and purges reach it before they count as applied here. A load that is under way
 * when its entry is purged or replaced is spoiled: its result is neither held nor given
 * to anyone who asks from then on.
 *
 * @module
 */
import * as Deferred from "effect/Deferred";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Layer from "effect/Layer";
import { type EntryId, newsName } from "../../domain/entry/entry.ts";
import { dataBytes } from "../../domain/entry/data-encoding.ts";
import { selects } from "../../domain/entry/purge.ts";
import { ChangeBus } from "../../services/change-bus.ts";
import {
  EntryMemory,
  type Held,
  type Loaded,
} from "../../services/entry/entry-memory.ts";
import { EntryNews } from "../../services/entry/entry-news.ts";
import type { Found } from "../../services/entry/entry-store.ts";
import type { StoreUnavailable } from "../../services/errors.ts";

/** Objects, headers and map slots around a body, roughly. */
const OVERHEAD_BYTES = 1_000;

interface Fill {
  readonly id: EntryId;
  readonly done: Deferred.Deferred<Loaded, StoreUnavailable>;
  spoiled: boolean;
}

export function layer(maxBytes: number) {
  return Layer.effect(
    EntryMemory,
    Effect.gen(function* () {
      const bus = yield* ChangeBus;
      const news = yield* EntryNews;
      const scope = yield* Effect.scope;

      /** In the order of their last use. */
      const held = new Map<string, Held>();
      const nameOfNews = new Map<string, string>();
      const fills = new Map<string, Fill>();
      let read = new Set<Held>();
      let bytes = 0;

      const nameOf = ({ space, key }: EntryId) => `${space}\0${key}`;
      const sizeOf = (one: Held) =>
        OVERHEAD_BYTES +
        2 * one.entry.key.length +
        one.entry.body.length +
        (one.data === one.entry.body ? 0 : one.data.length);

      const drop = (name: string) => {
        const one = held.get(name);
        if (one === undefined) return;
        held.delete(name);
        nameOfNews.delete(newsName(one.entry));
        bytes -= sizeOf(one);
      };

      const hold = (one: Held) => {
        const name = nameOf(one.entry);
        drop(name);
        const size = sizeOf(one);
        if (size > maxBytes) return;
        held.set(name, one);
        nameOfNews.set(newsName(one.entry), name);
        bytes += size;
        for (const oldest of held.keys()) {
          if (bytes <= maxBytes) break;
          drop(oldest);
        }
      };

      const spoil = (affected: (id: EntryId) => boolean) => {
        for (const [name, fill] of fills) {
          if (!affected(fill.id)) continue;
          fill.spoiled = true;
          fills.delete(name);
        }
      };

      const forget = (affected: (id: EntryId) => boolean) => {
        spoil(affected);
        for (const [name, { entry }] of held) if (affected(entry)) drop(name);
      };

      yield* bus.subscribe((event) =>
        Effect.sync(() => {
          if (event._tag === "Lost") return forget(() => true);
          const { change } = event.logged;
          if (change._tag !== "Purged") return;
          const { selection } = change;
          if (selection._tag === "Key") {
            spoil((id) => selects(selection, id));
            return drop(nameOf(selection));
          }
          forget((id) => selects(selection, id));
        }),
      );
      yield* news.subscribe({
        replaced: (names) => {
          const replaced = new Set(names);
          if (fills.size > 0) spoil((id) => replaced.has(newsName(id)));
          for (const name of names) {
            const known = nameOfNews.get(name);
            if (known !== undefined) drop(known);
          }
        },
        lost: () => forget(() => true),
      });

      const take = (name: string, one: Held): Held => {
        held.delete(name);
        held.set(name, one);
        read.add(one);
        return one;
      };

      const finish = (
        name: string,
        fill: Fill,
        exit: Exit.Exit<Found, StoreUnavailable>,
      ) => {
        if (fills.get(name) === fill) fills.delete(name);
        const loaded = Exit.map(exit, (found) => loadedFrom(found));
        if (Exit.isSuccess(loaded) && loaded.value._tag === "Held" && !fill.spoiled) {
          hold(loaded.value.held);
          read.add(loaded.value.held);
        }
        Deferred.doneUnsafe(fill.done, loaded);
      };

      return EntryMemory.of({
        peek: (id) => {
          const name = nameOf(id);
          const one = held.get(name);
          return one === undefined ? undefined : take(name, one);
        },
        load: (id, find) =>
          Effect.suspend(() => {
            const name = nameOf(id);
            const one = held.get(name);
            if (one !== undefined) {
              return Effect.succeed<Loaded>({ _tag: "Held", held: take(name, one) });
            }
            const running = fills.get(name);
            if (running !== undefined) return Deferred.await(running.done);
            const fill: Fill = { id, done: Deferred.makeUnsafe(), spoiled: false };
            fills.set(name, fill);
            // Not a child of who asked first: others wait for it too.
            return find.pipe(
              Effect.exit,
              Effect.map((exit) => finish(name, fill, exit)),
              Effect.forkIn(scope),
              Effect.andThen(Deferred.await(fill.done)),
            );
          }),
        takeRead: () => {
          const taken = [...read];
          read = new Set();
          return taken;
        },
        clear: () => forget(() => true),
        size: () => ({ entries: held.size, bytes }),
      });
    }),
  );
}

function loadedFrom({ entry, standing }: Found): Loaded {
  if (entry === undefined) return { _tag: "Absent", standing };
  const data = dataBytes(entry.encoding, entry.body);
  return { _tag: "Held", held: { entry, data, standing, askedUntil: 0, trying: false } };
}
