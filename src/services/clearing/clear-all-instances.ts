/**
 * Clears what is cached about every active instance, one after the other.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Option from "effect/Option";
import { entriesAbout, nameOfClear } from "../../domain/instance/instance.ts";
import { Audit } from "../audit/audit.ts";
import { InstanceStore } from "../instance/instance-store.ts";
import { alone, clearEntries, everyoneKnows } from "./clear-entries.ts";

/** Held at a time until everyone knows: the store has room for a few thousand locks. */
const MOST_HELD = 500;

/**
 * One that fails, or is being cleared already, doesn't stop the rest and is among `failed`.
 * Fails itself only where not one could be cleared.
 */
export const clearAllInstances = Effect.fn("clearAllInstances")(function* () {
  const store = yield* InstanceStore;
  const count: Count = { instances: 0, entries: 0, lastSeq: 0, failed: [] };
  let unreached = 0;
  const ids = yield* store.activeIds;
  for (let at = 0; at < ids.length; at += MOST_HELD) {
    unreached = yield* clearSome(ids.slice(at, at + MOST_HELD), count);
  }
  const { instances, entries, failed, failure } = count;
  if (instances === 0 && failure !== undefined) return yield* failure;
  return { clearedInstances: instances, clearedEntries: entries, failed, unreached };
});

/** What was done so far. */
interface Count {
  instances: number;
  entries: number;
  lastSeq: number;
  readonly failed: number[];
  /** The first. */
  failure?: Effect.Error<ReturnType<typeof clearOne>> | undefined;
}

/** Adds to `count`; gives how many processes do not know yet. */
const clearSome = (ids: readonly number[], count: Count) =>
  Effect.scoped(
    Effect.gen(function* () {
      for (const id of ids) {
        const exit = yield* Effect.exit(clearOne(id));
        if (Exit.isSuccess(exit)) {
          count.instances += 1;
          count.entries += exit.value.cleared;
          count.lastSeq = exit.value.seq;
          continue;
        }
        yield* Effect.logWarning(`Instance ${id} was not cleared`, exit.cause);
        count.failed.push(id);
        count.failure ??= Option.getOrUndefined(Exit.findErrorOption(exit));
      }
      return yield* everyoneKnows(count.lastSeq);
    }),
  );

const clearOne = Effect.fnUntraced(function* (instanceId: number) {
  const audit = yield* Audit;
  return yield* clearEntries({
    kept: yield* alone(nameOfClear(instanceId)),
    selections: [entriesAbout(instanceId)],
    record: ({ counts }) =>
      audit.record({
        action: "cache.clear_all",
        target: String(instanceId),
        details: counts,
      }),
  });
});
