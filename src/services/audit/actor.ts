/**
 * Who acts, and from where.
 *
 * Whatever records an act asks for an `Actor`, and nothing provides one by itself: an
 * effect that records can't be run before it is said for whom. HTTP says it by
 * `onBehalfOf` in `src/http/actor.ts`; for what the service does of itself there is
 * `asSystem`.
 *
 * @module
 */
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";

export interface Acting {
  /** `token:…`, `user:…`, `nobody` for a caller who is not known, or `system`. */
  readonly actor: string;
  /** As people call it: the name of the token or of the user. */
  readonly actorName: string;
  /** The client's; `undefined` where there is none. */
  readonly address: string | undefined;
  readonly requestId: string | undefined;
}

export class Actor extends Context.Service<Actor, Acting>()("uni-cache/services/Actor") {}

const SYSTEM: Acting = {
  actor: "system",
  actorName: "system",
  address: undefined,
  requestId: undefined,
};

/** Records what `effect` does as done by the service itself. */
export const asSystem = Effect.provideService(Actor, SYSTEM);
