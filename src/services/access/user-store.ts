/**
 * Where users are kept.
 *
 * @module
 */
import * as Context from "effect/Context";
import type * as Effect from "effect/Effect";
import type { Role } from "../../domain/access/permission.ts";
import type { User, UserChange } from "../../domain/access/user.ts";
import type { StoreUnavailable } from "../errors.ts";

export interface StoredUser extends User {
  readonly passwordHash: string;
}

export interface UserDraft {
  readonly username: string;
  readonly role: Role;
  readonly passwordHash: string;
  readonly isActive: boolean;
}

export class UserStore extends Context.Service<
  UserStore,
  {
    /** Up to `limit` users behind the id `after`, in the order of their ids. */
    readonly page: (
      after: number | undefined,
      limit: number,
    ) => Effect.Effect<readonly User[], StoreUnavailable>;
    readonly find: (id: number) => Effect.Effect<User | undefined, StoreUnavailable>;
    readonly findByName: (
      username: string,
    ) => Effect.Effect<StoredUser | undefined, StoreUnavailable>;
    /** Stores the user unless the name is taken. Gives what was stored. */
    readonly add: (draft: UserDraft) => Effect.Effect<User | undefined, StoreUnavailable>;
    /**
     * Takes the user's row for the current transaction: nobody else changes it, or logs in
     * by it, until that has ended.
     */
    readonly lock: (
      id: number,
    ) => Effect.Effect<StoredUser | undefined, StoreUnavailable>;
    /** Takes the rows of all active admins, likewise. To be called before `lock`. */
    readonly lockAdmins: Effect.Effect<readonly number[], StoreUnavailable>;
    /** Changes a user whose row was taken. */
    readonly update: (
      id: number,
      change: UserChange,
    ) => Effect.Effect<User, StoreUnavailable>;
    /** Removes the user, and every session with it. */
    readonly remove: (id: number) => Effect.Effect<void, StoreUnavailable>;
    /** Puts another hash of the same password in the place of `from`, if that still stands. */
    readonly rehash: (
      id: number,
      from: string,
      to: string,
    ) => Effect.Effect<void, StoreUnavailable>;
  }
>()("uni-cache/services/UserStore") {}
