/**
 * Clears what is cached about every active instance, one after the other.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import { entriesAbout } from "../../domain/instance/instance.ts";
import { Audit } from "../audit/audit.ts";
import { InstanceStore } from "../instance/instance-store.ts";
import { alone, clearEntries, everyoneKnows } from "./clear-entries.ts";

/**
 * One that fails, or is being cleared already, doesn't stop the rest and is among `failed`.
 * Fails itself only where not one could be cleared.
 */
export const clearAllInstances = Effect.fn("clearAllInstances")(function* () {
  const store = yield* InstanceStore;
  let [clearedInstances, clearedEntries, lastSeq] = [0, 0, 0];
  const failed: number[] = [];
  let failure: Effect.Error<ReturnType<typeof clearOne>> | undefined;
  for (const id of yield* store.activeIds) {
    const exit = yield* Effect.exit(clearOne(id));
    if (Exit.isSuccess(exit)) {
      clearedInstances += 1;
      clearedEntries += exit.value.cleared;
      lastSeq = exit.value.seq;
      continue;
    }
    yield* Effect.logWarning(`Instance ${id} was not cleared`, exit.cause);
    failed.push(id);
    failure ??= Exit.findErrorOption(exit).pipe((found) =>
      found._tag === "Some" ? found.value : undefined,
    );
  }
  if (clearedInstances === 0 && failure !== undefined) return yield* failure;
  const unreached = yield* everyoneKnows(lastSeq);
  return { clearedInstances, clearedEntries, failed, unreached };
});

const clearOne = Effect.fnUntraced(function* (instanceId: number) {
  const audit = yield* Audit;
  return yield* clearEntries({
    before: alone(`instance ${instanceId}`),
    selections: [entriesAbout(instanceId)],
    record: (entries) =>
      audit.record({
        action: "cache.clear_all",
        target: String(instanceId),
        details: { entries },
      }),
  });
});
