/**
 * Takes entries over under a changed key template.
 *
 * Those whose key is not, in its one spelling, a key of the new template are removed.
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
import type { SourceSettings } from "../../domain/source/source.ts";
import { ChangeBus } from "../change-bus.ts";
import { EntryStore } from "../entry/entry-store.ts";

const PAGE = 1_000;

/** Gives the entries in `space` the params of the new template, and logs that they changed. */
export const adoptEntries = Effect.fnUntraced(function* (
  space: string,
  settings: SourceSettings,
) {
  const entries = yield* EntryStore;
  const bus = yield* ChangeBus;
  yield* entries.holdSaves;
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
    if (last === undefined || keys.length < PAGE) break;
    after = last;
  }
  // What processes hold of them in memory is as it was before.
  yield* bus.log({ _tag: "Purged", selection: { _tag: "Space", space } });
});

/** `undefined` for a key that a reader of the new source could not name. */
function paramsOf(template: KeyTemplate, key: string) {
  const spelled = normaliseKey(key, template);
  if (spelled._tag !== "Key" || spelled.key !== key) return undefined;
  return matchTemplate(template, key);
}
