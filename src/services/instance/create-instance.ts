/**
 * Creates an instance.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import type { InstanceDraft } from "../../domain/instance/instance.ts";
import { Audit } from "../audit/audit.ts";
import { Transaction } from "../transaction.ts";
import { InstanceStore } from "./instance-store.ts";

/** Fails where another instance has the name. */
export const createInstance = Effect.fn("createInstance")(function* (
  draft: InstanceDraft,
) {
  const { together } = yield* Transaction;
  const store = yield* InstanceStore;
  const audit = yield* Audit;
  const insert = Effect.gen(function* () {
    const instance = yield* store.insert(draft);
    const details = { name: draft.name, db_type: draft.dbType };
    const target = String(instance.id);
    yield* audit.record({ action: "instance.create", target, details });
    return instance;
  });
  return yield* together("createInstance", insert);
});
