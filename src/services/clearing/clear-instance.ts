/**
 * Clears what is cached about an instance.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import { entriesAbout, nameOfClear } from "../../domain/instance/instance.ts";
import { Audit } from "../audit/audit.ts";
import { knownInstance } from "../instance/instance-store.ts";
import { clearAlone } from "./clear-entries.ts";

/** Fails where there is no such instance, or it is being cleared already. */
export const clearInstance = Effect.fn("clearInstance")(function* (instanceId: number) {
  const audit = yield* Audit;
  yield* knownInstance(instanceId);
  return yield* clearAlone(nameOfClear(instanceId), {
    selections: [entriesAbout(instanceId)],
    record: ({ counts }) =>
      audit.record({
        action: "cache.clear_instance",
        target: String(instanceId),
        details: counts,
      }),
  });
});
