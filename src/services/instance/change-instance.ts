/**
 * Changes the fields of an instance that a patch names.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import {
  type InstanceChange,
  LARGEST_INSTANCE_ID,
} from "../../domain/instance/instance.ts";
import { Audit } from "../audit/audit.ts";
import { InstanceNotFound } from "../errors.ts";
import { Transaction } from "../transaction.ts";
import { InstanceStore } from "./instance-store.ts";

/** Fails where there is no such instance, or another has the new name. */
export const changeInstance = Effect.fn("changeInstance")(function* (
  id: number,
  change: InstanceChange,
) {
  const { together } = yield* Transaction;
  const store = yield* InstanceStore;
  const audit = yield* Audit;
  const update = Effect.gen(function* () {
    const instance =
      id > LARGEST_INSTANCE_ID ? undefined : yield* store.update(id, change);
    if (instance === undefined) return yield* new InstanceNotFound({ instanceId: id });
    const { name, dbType, host, port, isActive } = change;
    const details = { name, db_type: dbType, host, port, is_active: isActive };
    yield* audit.record({ action: "instance.change", target: String(id), details });
    return instance;
  });
  return yield* together("changeInstance", update);
});
