/**
 * Changes the fields of a source that a patch names.
 *
 * A changed limit ends a pause that the upstream asked for: who sets a limit knows better.
 * Entries of another origin are given up; a changed template takes over those that fit it,
 * and what waits is cancelled, for its keys may not.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import { changedSettings } from "../../domain/source/changed-settings.ts";
import { patchedSettings, type SettingsPatch } from "../../domain/source/source-patch.ts";
import { settingsProblems } from "../../domain/source/source-rules.ts";
import { type SourceSettings, spaceOf } from "../../domain/source/source.ts";
import { Audit } from "../audit/audit.ts";
import { ChangeBus } from "../change-bus.ts";
import { Invalid } from "../errors.ts";
import { CallQuota } from "../quota/call-quota.ts";
import { TaskQueue } from "../refresh/task-queue.ts";
import { Transaction } from "../transaction.ts";
import { abandonSource } from "./abandon-source.ts";
import { adoptEntries } from "./adopt-entries.ts";
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
  const queue = yield* TaskQueue;
  const bus = yield* ChangeBus;
  const audit = yield* Audit;

  const current = yield* store.lock(id);
  const patched = patchedSettings(id, current, patch);
  if (patched._tag === "Refused")
    return yield* new Invalid({ problems: patched.problems });
  const problems = settingsProblems(patched.settings, yield* AllowedCidrs);
  if (problems.length > 0) return yield* new Invalid({ problems });

  const { settings } = patched;
  const moved = originOf(current.baseUrl) !== originOf(settings.baseUrl);
  const epoch = moved ? yield* store.newEpoch : current.epoch;
  const source = yield* store.update(id, epoch, settings);
  if (moved) yield* abandonSource(current);
  else if (renames(current, settings)) {
    yield* queue.cancelAll(id);
    yield* adoptEntries(spaceOf(current), settings);
  }
  if (patch.rateLimit !== undefined) yield* quota.endCooldown(id);
  const details = { ...changedSettings(current, settings) };
  yield* audit.record({ action: "source.change", target: id, details });
  return { source, seq: yield* bus.log({ _tag: "SourceChanged", sourceId: id }) };
});

const originOf = (baseUrl: string) => URL.parse(baseUrl)?.origin;

/** Whether keys are spelled or their parts called otherwise than before. */
function renames(before: SourceSettings, after: SourceSettings): boolean {
  return before.keyTemplate !== after.keyTemplate || before.keyCase !== after.keyCase;
}
