/**
 * Deletes an instance, and all entries that are about it.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import { entriesAbout, nameOfClear } from "../../domain/instance/instance.ts";
import { Audit } from "../audit/audit.ts";
import { clearAlone } from "../clearing/clear-entries.ts";
import { InstanceNotFound } from "../errors.ts";
import { InstanceStore, knownInstance } from "./instance-store.ts";

/** The instance and its last entries go together, or neither. */
export const deleteInstance = Effect.fn("deleteInstance")(function* (id: number) {
  const store = yield* InstanceStore;
  const audit = yield* Audit;
  const { name } = yield* knownInstance(id);
  return yield* clearAlone(nameOfClear(id), {
    selections: [entriesAbout(id)],
    record: Effect.fnUntraced(function* ({ isLast, counts }) {
      if (isLast && !(yield* store.remove(id))) {
        return yield* new InstanceNotFound({ instanceId: id });
      }
      const details = { name, ...counts };
      yield* audit.record({ action: "instance.delete", target: String(id), details });
    }),
  });
});
