/**
 * Clears what is cached about an instance.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import { entriesAbout } from "../../domain/instance/instance.ts";
import { Audit } from "../audit/audit.ts";
import { knownInstance } from "../instance/instance-store.ts";
import { alone, clearEntries, everyoneKnows } from "./clear-entries.ts";

/** Fails where there is no such instance, or it is being cleared already. */
export const clearInstance = Effect.fn("clearInstance")(function* (instanceId: number) {
  const audit = yield* Audit;
  yield* knownInstance(instanceId);
  const { cleared, seq } = yield* clearEntries({
    before: alone(`instance ${instanceId}`),
    selections: [entriesAbout(instanceId)],
    record: (entries) =>
      audit.record({
        action: "cache.clear_instance",
        target: String(instanceId),
        details: { entries },
      }),
  });
  return { cleared, unreached: yield* everyoneKnows(seq) };
});
