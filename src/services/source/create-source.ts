/**
 * Creates a source, and adopts the entries that were kept for its id.
 *
 * Kept entries are adopted when the origin is the same; those whose key is not, in its one
 * spelling, a key of the new template are removed.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import { told } from "../../domain/source/changed-settings.ts";
import { type SourceSettings } from "../../domain/source/source.ts";
import { settingsProblems } from "../../domain/source/source-rules.ts";
import { parseBaseUrl } from "../../domain/source/upstream-url.ts";
import { sourceSpace } from "../../domain/entry/entry.ts";
import { Audit } from "../audit/audit.ts";
import { ChangeBus } from "../change-bus.ts";
import { EntryStore } from "../entry/entry-store.ts";
import { Invalid } from "../errors.ts";
import { Transaction } from "../transaction.ts";
import { adoptEntries } from "./adopt-entries.ts";
import { SourceStore } from "./source-store.ts";
import { AllowedCidrs } from "./upstream-policy.ts";

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
  const audit = yield* Audit;

  const base = parseBaseUrl(settings.baseUrl);
  const retained = yield* store.takeRetained(id);
  const adopts =
    retained !== undefined && base._tag === "BaseUrl" && base.origin === retained.origin;
  const epoch = adopts ? retained.epoch : yield* store.newEpoch;
  const source = yield* store.insert(id, epoch, settings);

  if (retained !== undefined && !adopts)
    yield* entries.abandon(sourceSpace(retained.epoch));
  if (adopts) yield* adoptEntries(sourceSpace(epoch), settings);
  const { baseUrl: base_url, rateLimit } = settings;
  const details = { base_url, rate_limit: told(rateLimit) };
  yield* audit.record({ action: "source.create", target: id, details });
  const seq = yield* bus.log({ _tag: "SourceChanged", sourceId: id });
  return { source, seq };
});
