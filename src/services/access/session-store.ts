/**
 * Where sessions are kept.
 *
 * @module
 */
import * as Context from "effect/Context";
import type * as Effect from "effect/Effect";
import type { Session } from "../../domain/access/session.ts";
import type { StoreUnavailable } from "../errors.ts";

export interface NewSession {
  readonly hash: Uint8Array;
  readonly userId: number;
  /** What the password was verified against. */
  readonly passwordHash: string;
}

export class SessionStore extends Context.Service<
  SessionStore,
  {
    /** Looks at the store each time, so that what was ended anywhere is ended here. */
    readonly find: (
      hash: Uint8Array,
    ) => Effect.Effect<Session | undefined, StoreUnavailable>;
    /**
     * Opens a session, unless its user is not active or has another password by now. A
     * change of the user that is under way is waited for. Gives whether it was opened.
     */
    readonly open: (session: NewSession) => Effect.Effect<boolean, StoreUnavailable>;
    /** Notes that the session is used now. */
    readonly note: (hash: Uint8Array) => Effect.Effect<void, StoreUnavailable>;
    /** Gives how many it ended: 0 or 1. */
    readonly end: (hash: Uint8Array) => Effect.Effect<number, StoreUnavailable>;
    /** Ends all sessions of the user, but the one with the hash `but`. Gives how many. */
    readonly endAllOf: (
      userId: number,
      but?: Uint8Array,
    ) => Effect.Effect<number, StoreUnavailable>;
  }
>()("uni-cache/services/SessionStore") {}
