/**
 * The sources as this process knows them, ready to use.
 *
 * @module
 */
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import type { UpstreamOrigin } from "../../domain/source/origin.ts";
import type { KeyTemplate } from "../../domain/source/key-template.ts";
import type { Source } from "../../domain/source/source.ts";
import type { BaseUrl } from "../../domain/source/upstream-url.ts";
import { SourceNotFound } from "../errors.ts";

/** A source with everything that is derived from it. */
export interface KnownSource {
  readonly source: Source;
  readonly space: string;
  readonly template: KeyTemplate;
  readonly base: BaseUrl;
  readonly origin: UpstreamOrigin;
}

export class SourceDirectory extends Context.Service<
  SourceDirectory,
  {
    /** Held in memory and kept up by the change bus: touches no store. */
    readonly find: (id: string) => KnownSource | undefined;
    /** All of them, likewise. */
    readonly all: () => readonly KnownSource[];
  }
>()("uni-cache/services/SourceDirectory") {}

/** The source under `id`, or the failure that there is none. */
export const knownSource = Effect.fnUntraced(function* (id: string) {
  const known = (yield* SourceDirectory).find(id);
  if (known === undefined) return yield* new SourceNotFound({ sourceId: id });
  return known;
});
