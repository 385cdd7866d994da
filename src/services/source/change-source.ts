/**
 * Changes the fields of a source that a patch names.
 *
 * A changed limit ends a pause that the upstream asked for: who sets a limit knows better.
 * Entries of another origin are given up; a changed template takes over those that fit it,
 * and what waits is cancelled, for its keys may not. What API proxies have stored of another
 * base URL goes, very much of it in several transactions, the change with the last.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import type { PurgeSelection } from "../../domain/entry/purge.ts";
import { proxySpace } from "../../domain/api-proxy/api-proxy.ts";
import { changedSettings } from "../../domain/source/changed-settings.ts";
import { movesOrigin, renamesKeys } from "../../domain/source/source-change.ts";
import { patchedSettings, type SettingsPatch } from "../../domain/source/source-patch.ts";
import { settingsProblems } from "../../domain/source/source-rules.ts";
import { spaceOf } from "../../domain/source/source.ts";
import { Audit } from "../audit/audit.ts";
import { ChangeBus } from "../change-bus.ts";
import { Invalid } from "../errors.ts";
import { isMoreThanGoes, logAgain } from "../api-proxy/change-proxy-of.ts";
import { ProxyStore } from "../api-proxy/proxy-store.ts";
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
  for (;;) {
    const changed = yield* together("changeSource", applyPatch(id, patch));
    if (changed === undefined) continue;
    yield* bus.appliedHere(changed.seq);
    return changed.source;
  }
});

/** `undefined` where API proxies have stored more than one transaction takes. */
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
  const isElsewhere = current.baseUrl !== settings.baseUrl;
  const stored = isElsewhere ? yield* storedOver(id) : [];
  if (yield* isMoreThanGoes(stored)) return undefined;
  const moved = movesOrigin(current.baseUrl, settings.baseUrl);
  const epoch = moved ? yield* store.newEpoch : current.epoch;
  const source = yield* store.update(id, epoch, settings);
  if (moved) yield* abandonSource(current);
  else if (renamesKeys(current, settings)) {
    yield* queue.cancelAll(id);
    yield* adoptEntries(spaceOf(current), settings);
  }
  if (patch.rateLimit !== undefined) yield* quota.endCooldown(id);
  const details = { ...changedSettings(current, settings) };
  yield* audit.record({ action: "source.change", target: id, details });
  const seq = yield* bus.log({ _tag: "SourceChanged", sourceId: id });
  return { source, seq: yield* logAgain(stored, seq) };
});

/** All that API proxies have stored of the source. */
const storedOver = Effect.fnUntraced(function* (sourceId: string) {
  const proxies = yield* ProxyStore;
  return (yield* proxies.overSource(sourceId)).map(({ id }): PurgeSelection => ({
    _tag: "Space",
    space: proxySpace(id),
  }));
});
