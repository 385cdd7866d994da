/**
 * Where tokens are kept.
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

/** A token, and what the store knows of it besides. */
export interface TokenRecord extends StoredToken {
  readonly createdAt: number;
  /** Some seconds late; `undefined`: never. */
  readonly lastUsedAt: number | undefined;
}

export class TokenStore extends Context.Service<
  TokenStore,
  {
    readonly list: Effect.Effect<readonly StoredToken[], StoreUnavailable>;
    /** Up to `limit` tokens behind the id `after`, in byte order of their ids. */
    readonly page: (
      after: string | undefined,
      limit: number,
    ) => Effect.Effect<readonly TokenRecord[], StoreUnavailable>;
    /** Stores `token` unless its id is there already. Gives what was stored. */
    readonly add: (
      token: StoredToken,
    ) => Effect.Effect<TokenRecord | undefined, StoreUnavailable>;
    /** Stores `token` in place of the one with its id. Gives whether anything changed. */
    readonly replace: (token: StoredToken) => Effect.Effect<boolean, StoreUnavailable>;
    /** Gives the name of what was removed, `undefined` where there is no such token. */
    readonly remove: (id: string) => Effect.Effect<string | undefined, StoreUnavailable>;
    /** Notes when tokens were last used, by their ids; never moves an instant back. */
    readonly noteUses: (
      uses: ReadonlyMap<string, number>,
    ) => Effect.Effect<void, StoreUnavailable>;
  }
>()("uni-cache/services/TokenStore") {}
