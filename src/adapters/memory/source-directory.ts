/**
 * All sources in memory, kept up by the change bus.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Semaphore from "effect/Semaphore";
import { parseKeyTemplate } from "../../domain/source/key-template.ts";
import { originOf } from "../../domain/source/origin.ts";
import { type Source, spaceOf } from "../../domain/source/source.ts";
import { parseBaseUrl } from "../../domain/source/upstream-url.ts";
import { ChangeBus } from "../../services/change-bus.ts";
import {
  type KnownSource,
  SourceDirectory,
} from "../../services/source/source-directory.ts";
import { SourceStore } from "../../services/source/source-store.ts";

export const layer = Layer.effect(
  SourceDirectory,
  Effect.gen(function* () {
    const store = yield* SourceStore;
    const bus = yield* ChangeBus;
    let known = new Map<string, KnownSource>();
    // One load after the other: of two at once the older could end last.
    const turn = (yield* Semaphore.make(1)).withPermits(1);

    const loadAll = Effect.map(store.list, (sources) => {
      known = new Map(sources.map((source) => [source.id, knownFrom(source)]));
    }).pipe(turn);
    const loadOne = Effect.fnUntraced(function* (id: string) {
      const source = yield* store.find(id);
      if (source === undefined) known.delete(id);
      else known.set(id, knownFrom(source));
    }, turn);

    // Subscribed first: a change between loading and subscribing would be missed.
    yield* bus.subscribe((event) => {
      if (event._tag === "Lost") return loadAll;
      const { change } = event.logged;
      return change._tag === "SourceChanged" ? loadOne(change.sourceId) : Effect.void;
    });
    yield* loadAll;

    return SourceDirectory.of({
      find: (id) => known.get(id),
      all: () => [...known.values()],
    });
  }),
);

/** Only sources whose parts parse are ever stored, so a part that does not is a bug. */
function knownFrom(source: Source): KnownSource {
  const template = parseKeyTemplate(source.keyTemplate, source.keyCase);
  const base = parseBaseUrl(source.baseUrl);
  const origin = originOf(source.baseUrl);
  if (template._tag === "Refused" || base._tag === "Refused" || origin === undefined) {
    throw new Error(`Source "${source.id}" does not parse`);
  }
  return { source, space: spaceOf(source), template, base, origin };
}
