/**
 * Looks at how refreshing stands for the entries in memory that are being read, so that
 * hits can tell it without asking.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Schedule from "effect/Schedule";
import { EntryMemory } from "../services/entry/entry-memory.ts";
import { EntryStore } from "../services/entry/entry-store.ts";

const PAUSE = "2 seconds";
const PAGE = 500;

export const layer = Layer.effectDiscard(
  Effect.gen(function* () {
    const memory = yield* EntryMemory;
    const store = yield* EntryStore;

    const look = Effect.gen(function* () {
      const read = memory.takeRead();
      for (let at = 0; at < read.length; at += PAGE) {
        const page = read.slice(at, at + PAGE);
        const standings = yield* store.standings(page.map(({ entry }) => entry));
        page.forEach((held, index) => {
          held.standing = standings[index] ?? held.standing;
        });
      }
    });
    yield* look.pipe(
      Effect.ignoreCause({ log: "Debug" }),
      Effect.repeat(Schedule.spaced(PAUSE)),
      Effect.forkScoped,
    );
  }),
);
