/**
 * Where sources are kept, their secrets sealed.
 *
 * @module
 */
import * as Context from "effect/Context";
import type * as Effect from "effect/Effect";
import type { KeyCase } from "../../domain/source/key-spelling.ts";
import type { Source, SourceSettings } from "../../domain/source/source.ts";
import type { SourceExists, SourceNotFound, StoreUnavailable } from "../errors.ts";

export class SourceStore extends Context.Service<
  SourceStore,
  {
    readonly list: Effect.Effect<readonly Source[], StoreUnavailable>;
    readonly find: (id: string) => Effect.Effect<Source | undefined, StoreUnavailable>;
    /** As `find`, and nobody else changes the source until the transaction ends. */
    readonly lock: (
      id: string,
    ) => Effect.Effect<Source, SourceNotFound | StoreUnavailable>;
    /** Stores a new source in the space `epoch`. Of two at once under one id one fails. */
    readonly insert: (
      id: string,
      epoch: number,
      settings: SourceSettings,
    ) => Effect.Effect<Source, SourceExists | StoreUnavailable>;
    readonly update: (
      id: string,
      epoch: number,
      settings: SourceSettings,
    ) => Effect.Effect<Source, SourceNotFound | StoreUnavailable>;
    readonly remove: (id: string) => Effect.Effect<void, StoreUnavailable>;

    /** A space that no source had before. */
    readonly newEpoch: Effect.Effect<number, StoreUnavailable>;
    /** Remembers the entries in `epoch` for a later source of this id and `origin`; their keys are spelled by `keyCase`. */
    readonly retain: (
      id: string,
      epoch: number,
      { origin, keyCase }: { readonly origin: string; readonly keyCase: KeyCase },
    ) => Effect.Effect<void, StoreUnavailable>;
    /** The entries that were kept for `id`, which are then nobody's any more. */
    readonly takeRetained: (
      id: string,
    ) => Effect.Effect<
      { readonly epoch: number; readonly origin: string } | undefined,
      StoreUnavailable
    >;
  }
>()("uni-cache/services/SourceStore") {}
