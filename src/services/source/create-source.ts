/**
 * Creates a source, and adopts the entries that were kept for its id.
 *
 * Kept entries are adopted when the origin is the same; those whose key is not, in its one
 * spelling, a key of the new template are removed.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import { normaliseKey } from "../../domain/source/cache-key.ts";
import {
  type KeyTemplate,
  matchTemplate,
  parseKeyTemplate,
} from "../../domain/source/key-template.ts";
import { type SourceSettings } from "../../domain/source/source.ts";
import { settingsProblems } from "../../domain/source/source-rules.ts";
import { parseBaseUrl } from "../../domain/source/upstream-url.ts";
import { sourceSpace } from "../../domain/entry/entry.ts";
import { ChangeBus } from "../change-bus.ts";
import { EntryStore } from "../entry/entry-store.ts";
import { Invalid } from "../errors.ts";
import { Transaction } from "../transaction.ts";
import { SourceStore } from "./source-store.ts";
import { AllowedCidrs } from "./upstream-policy.ts";

const PAGE = 1_000;

export const createSource = Effect.fn("createSource")(function* (
  id: string,
  settings: SourceSettings,
) {
  const { together } = yield* Transaction;
  const bus = yield* ChangeBus;
  const problems = settingsProblems(settings, yield* AllowedCidrs);
  if (problems.length > 0) return yield* new Invalid({ problems });

  const { source, seq } = yield* together("createSource", insertSource(id, settings));
  yield* bus.appliedHere(seq);
  return source;
});

const insertSource = Effect.fnUntraced(function* (id: string, settings: SourceSettings) {
  const store = yield* SourceStore;
  const entries = yield* EntryStore;
  const bus = yield* ChangeBus;

  const base = parseBaseUrl(settings.baseUrl);
  const retained = yield* store.takeRetained(id);
  const adopts =
    retained !== undefined && base._tag === "BaseUrl" && base.origin === retained.origin;
  const epoch = adopts ? retained.epoch : yield* store.newEpoch;
  const source = yield* store.insert(id, epoch, settings);

  if (retained !== undefined && !adopts)
    yield* entries.abandon(sourceSpace(retained.epoch));
  if (adopts) {
    const space = sourceSpace(epoch);
    yield* adoptEntries(space, settings);
    // What processes still hold of them in memory is of the source before.
    yield* bus.log({ _tag: "Purged", selection: { _tag: "Space", space } });
  }
  const seq = yield* bus.log({ _tag: "SourceChanged", sourceId: id });
  return { source, seq };
});

const adoptEntries = Effect.fnUntraced(function* (
  space: string,
  settings: SourceSettings,
) {
  const entries = yield* EntryStore;
  const template = parseKeyTemplate(settings.keyTemplate, settings.keyCase);
  if (template._tag === "Refused") return;

  let after = "";
  for (;;) {
    const keys = yield* entries.keysAfter(space, after, PAGE);
    const params = new Map(
      keys.flatMap((key) => {
        const values = paramsOf(template, key);
        return values === undefined ? [] : [[key, values] as const];
      }),
    );
    const strangers = keys.filter((key) => !params.has(key));
    if (strangers.length > 0) yield* entries.removeKeys(space, strangers);
    if (params.size > 0) yield* entries.relabel(space, params);
    const last = keys.at(-1);
    if (last === undefined || keys.length < PAGE) return;
    after = last;
  }
});

/** `undefined` for a key that a reader of the new source could not name. */
function paramsOf(template: KeyTemplate, key: string) {
  const spelled = normaliseKey(key, template);
  if (spelled._tag !== "Key" || spelled.key !== key) return undefined;
  return matchTemplate(template, key);
}
