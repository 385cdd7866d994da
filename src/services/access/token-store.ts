/**
 * Where tokens and users are kept.
 *
 * @module
 */
import * as Context from "effect/Context";
import type * as Effect from "effect/Effect";
import type { ProjectGrant } from "../../domain/access/caller.ts";
import type { Role } from "../../domain/access/permission.ts";
import type { StoreUnavailable } from "../errors.ts";

export interface StoredToken {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  readonly hash: Uint8Array;
  /** As in `Caller`. */
  readonly sources?: readonly string[] | undefined;
  readonly projects?: readonly ProjectGrant[] | undefined;
  /** Unix milliseconds, as all instants. */
  readonly expiresAt?: number | undefined;
}

export class TokenStore extends Context.Service<
  TokenStore,
  {
    readonly list: Effect.Effect<readonly StoredToken[], StoreUnavailable>;
    /** Stores `token` unless its id is there already. Gives whether it was stored. */
    readonly add: (token: StoredToken) => Effect.Effect<boolean, StoreUnavailable>;
    /** Stores `token` in place of the one with its id. Gives whether anything changed. */
    readonly replace: (token: StoredToken) => Effect.Effect<boolean, StoreUnavailable>;
    /** Makes the user unless the name is there already. */
    readonly addUser: (user: {
      readonly username: string;
      readonly role: Role;
      readonly passwordHash: string;
    }) => Effect.Effect<void, StoreUnavailable>;
    readonly hasUser: (username: string) => Effect.Effect<boolean, StoreUnavailable>;
  }
>()("uni-cache/services/TokenStore") {}
