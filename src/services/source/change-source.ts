/**
 * Changes the fields of a source that a patch names.
 *
 * A changed limit ends a pause that the upstream asked for: who sets a limit knows better.
 * A changed template or spelling leaves entries that no key reaches any more; they expire.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import { patchedSettings, type SettingsPatch } from "../../domain/source/source-patch.ts";
import { settingsProblems } from "../../domain/source/source-rules.ts";
import { ChangeBus } from "../change-bus.ts";
import { Invalid } from "../errors.ts";
import { CallQuota } from "../quota/call-quota.ts";
import { Transaction } from "../transaction.ts";
import { SourceStore } from "./source-store.ts";
import { AllowedCidrs } from "./upstream-policy.ts";

export const changeSource = Effect.fn("changeSource")(function* (
  id: string,
  patch: SettingsPatch,
) {
  const { together } = yield* Transaction;
  const bus = yield* ChangeBus;
  const { source, seq } = yield* together("changeSource", applyPatch(id, patch));
  yield* bus.appliedHere(seq);
  return source;
});

const applyPatch = Effect.fnUntraced(function* (id: string, patch: SettingsPatch) {
  const store = yield* SourceStore;
  const quota = yield* CallQuota;
  const bus = yield* ChangeBus;

  const current = yield* store.lock(id);
  const patched = patchedSettings(id, current, patch);
  if (patched._tag === "Refused")
    return yield* new Invalid({ problems: patched.problems });
  const problems = settingsProblems(patched.settings, yield* AllowedCidrs);
  if (problems.length > 0) return yield* new Invalid({ problems });

  const source = yield* store.update(id, patched.settings);
  if (patch.rateLimit !== undefined) yield* quota.endCooldown(id);
  return { source, seq: yield* bus.log({ _tag: "SourceChanged", sourceId: id }) };
});
