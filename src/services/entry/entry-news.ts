/**
 * Tells every process which entries were replaced, so that none goes on serving the one before.
 *
 * Told after the fact and in batches; it may be lost with a connection, and then every
 * process that listens is told to forget everything.
 *
 * @module
 */
import * as Context from "effect/Context";
import type * as Effect from "effect/Effect";
import type { EntryId } from "../../domain/entry/entry.ts";

export class EntryNews extends Context.Service<
  EntryNews,
  {
    /** At once in this process, within a moment in the others. */
    readonly replaced: (id: EntryId) => Effect.Effect<void>;
    readonly subscribe: (heard: {
      /** Names are `newsName` of the entries. */
      readonly replaced: (names: readonly string[]) => void;
      readonly lost: () => void;
    }) => Effect.Effect<void>;
  }
>()("uni-cache/services/EntryNews") {}
