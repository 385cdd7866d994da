/**
 * Where instances are kept.
 *
 * One that was deleted is as if it had never been, and its name is free again; its id is
 * never given to another.
 *
 * @module
 */
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import {
  type Instance,
  type InstanceChange,
  type InstanceDraft,
  LARGEST_INSTANCE_ID,
} from "../../domain/instance/instance.ts";
import {
  InstanceNotFound,
  type InstanceExists,
  type StoreUnavailable,
} from "../errors.ts";

export class InstanceStore extends Context.Service<
  InstanceStore,
  {
    /** Up to `limit` in the order of their ids, after the first `skip`; and how many there are. */
    readonly list: (
      skip: number,
      limit: number,
    ) => Effect.Effect<
      { readonly instances: readonly Instance[]; readonly total: number },
      StoreUnavailable
    >;
    readonly find: (id: number) => Effect.Effect<Instance | undefined, StoreUnavailable>;
    /** Ids of those that are active, in order. */
    readonly activeIds: Effect.Effect<readonly number[], StoreUnavailable>;
    readonly insert: (
      draft: InstanceDraft,
    ) => Effect.Effect<Instance, InstanceExists | StoreUnavailable>;
    /** `undefined` where there is none under `id`. */
    readonly update: (
      id: number,
      change: InstanceChange,
    ) => Effect.Effect<Instance | undefined, InstanceExists | StoreUnavailable>;
    /** `false` where there is none under `id`. */
    readonly remove: (id: number) => Effect.Effect<boolean, StoreUnavailable>;
  }
>()("uni-cache/services/InstanceStore") {}

/** The instance under `id`, or the failure that there is none. */
export const knownInstance = Effect.fnUntraced(function* (id: number) {
  const store = yield* InstanceStore;
  const instance = id > LARGEST_INSTANCE_ID ? undefined : yield* store.find(id);
  if (instance === undefined) return yield* new InstanceNotFound({ instanceId: id });
  return instance;
});
