/**
 * News of replaced entries over NOTIFY, outside the transactions that replace them.
 *
 * NOTIFY makes commits wait for each other, so names are gathered and sent together.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import { newsName } from "../../domain/entry/entry.ts";
import { makeBell } from "../../services/bell.ts";
import { EntryNews } from "../../services/entry/entry-news.ts";
import { Database } from "./database.ts";
import { Notifications } from "./notifications.ts";

/** 17 bytes a name: below the 7,999 bytes a payload may have. */
const NAMES_PER_MESSAGE = 400;
const GATHER_MILLIS = 20;

export const layer = (processId: string) =>
  Layer.effect(
    EntryNews,
    Effect.gen(function* () {
      const database = yield* Database;
      const notifications = yield* Notifications;
      const subscribers: Parameters<EntryNews["Service"]["subscribe"]>[0][] = [];
      const gathered = makeBell();
      let outbox = new Set<string>();

      /** Uninterruptible: what was taken out must be told. */
      const send = Effect.gen(function* () {
        const names = [...outbox];
        outbox = new Set();
        for (let at = 0; at < names.length; at += NAMES_PER_MESSAGE) {
          const page = names.slice(at, at + NAMES_PER_MESSAGE);
          const payload = [processId, ...page].join(" ");
          yield* database
            .run(
              "EntryNews.send",
              ({ sql }) => sql`select pg_notify('uc_entries', ${payload})`,
            )
            .pipe(
              Effect.tapError(() =>
                Effect.sync(() => names.forEach((name) => outbox.add(name))),
              ),
            );
        }
      }).pipe(Effect.uninterruptible, Effect.ignoreCause({ log: "Debug" }));
      // Before the loop, and so run after it: what is replaced until the end is told too.
      yield* Effect.addFinalizer(() => send);
      yield* Effect.gen(function* () {
        for (;;) {
          const rung = gathered.listen();
          if (outbox.size === 0) yield* rung;
          yield* Effect.delay(send, GATHER_MILLIS);
        }
      }).pipe(Effect.forkScoped);

      yield* notifications.listen(
        "uc_entries",
        (payload) => {
          const [sender, ...names] = payload.split(" ");
          // Here it was applied when it was told.
          if (sender === processId) return;
          for (const { replaced } of subscribers) replaced(names);
        },
        () => {
          for (const { lost } of subscribers) lost();
        },
      );

      return EntryNews.of({
        replaced: (id) =>
          Effect.sync(() => {
            const name = newsName(id);
            for (const { replaced } of subscribers) replaced([name]);
            outbox.add(name);
            gathered.ring();
          }),
        subscribe: (heard) => Effect.sync(() => void subscribers.push(heard)),
      });
    }),
  );
